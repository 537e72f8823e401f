import { UsageError } from '../errors.js';
import type { Values } from '../models/model.js';
import type { Program } from './program.js';

/** A way to run programs. */
export interface Engine {
  readonly name: string;
  /** What computes, with its version: 'onnxruntime-node 1.30.0'. */
  readonly version: string;
  start(program: Program, options?: StartOptions): Promise<Runner>;
  /** Where it can compute programs side by side that differ in nothing but the numbers of their update rules. */
  readonly startTogether?: (programs: readonly Program[], options?: TogetherOptions) => Promise<Runners>;
}

export interface TogetherOptions extends Pick<StartOptions, 'signal'> {
  /** As `state`, one of each program. */
  readonly states?: readonly Readonly<Record<string, Values>>[] | undefined;
}

export interface StartOptions {
  /** Once it is aborted, an engine that takes long to start throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** The state to go on from, as `Runner.state` gave it, in place of the program's first. */
  readonly state?: Readonly<Record<string, Values>> | undefined;
}

/** A program that runs: it holds the state, and moves it on. */
export interface Runner {
  /** Training steps, one for each mini-batch. */
  train(batches: Batches): Promise<Steps>;
  /**
   * What the model makes of some rows of a set, in evaluation mode.
   * @param rows indices, shape [samples].
   */
  evaluate(set: 'train' | 'test', rows: Int32Array): Promise<Evaluation>;
  /** The state by path, `parameters/lin1.weight`, `rule/…`, to read before the next call. */
  state(): Promise<Record<string, Values>>;
  dispose(): Promise<void>;
}

/** Programs that run together: as a Runner, with the figures of each. */
export interface Runners {
  train(batches: Batches): Promise<readonly Steps[]>;
  evaluate(set: 'train' | 'test', rows: Int32Array): Promise<readonly Evaluation[]>;
  state(): Promise<readonly Record<string, Values>[]>;
  dispose(): Promise<void>;
}

/** Starts programs that take the same steps: side by side where the engine can, else one after the other. */
export async function startTogether(
  engine: Engine,
  programs: readonly Program[],
  { signal, states }: TogetherOptions = {},
): Promise<Runners> {
  if (engine.startTogether) return engine.startTogether(programs, { signal, states });
  const runners: Runner[] = [];
  for (const [i, program] of programs.entries()) {
    runners.push(await engine.start(program, { signal, state: states?.[i] }));
  }
  const each = async <T>(f: (runner: Runner) => Promise<T>) => {
    const results: T[] = [];
    for (const runner of runners) results.push(await f(runner));
    return results;
  };
  return {
    train: (batches) => each((runner) => runner.train(batches)),
    evaluate: (set, rows) => each((runner) => runner.evaluate(set, rows)),
    state: () => each((runner) => runner.state()),
    dispose: async () => void (await each((runner) => runner.dispose())),
  };
}

/** Mini-batches to train on. */
export interface Batches {
  /** Indices into the training set, shape [steps, batchSize]. */
  readonly rows: Int32Array;
  readonly batchSize: number;
  /** Pixels in place of the rows' own (they are augmented), 0..255, shape [steps, batchSize, ...imageShape]. */
  readonly images?: Uint8Array | undefined;
  /** The program's masks by name, 0 or 1, shape [steps, batchSize, ...]. */
  readonly masks?: Readonly<Record<string, Uint8Array>>;
}

/** Figures of each image, shape [samples]. */
export interface Evaluation {
  /** Cross-entropy. */
  readonly loss: Float32Array;
  /** 1 where the largest logit is the label's, else 0. */
  readonly correct: Float32Array;
}

/** One figure a step. */
export interface Steps {
  readonly loss: Float32Array;
  /** α after the step. */
  readonly alpha: Float64Array;
  /** What the rule learns besides, by its symbol. */
  readonly learned: Readonly<Record<string, Float32Array>>;
}

/**
 * A state's figures at a path, shape `shape`.
 *
 * @throws UsageError where there are none: the state is of another network or update rule.
 */
export function valuesAt(
  state: Readonly<Record<string, Values>>,
  path: string,
  shape: readonly number[],
): Float32Array {
  const found = state[path];
  if (found?.shape.join() === shape.join()) return found.values;
  const there = found === undefined ? 'does not have it' : `has [${found.shape.join(', ')}]`;
  throw new UsageError(
    `The state to go on from is not of this run: it needs ${path} of shape [${shape.join(', ')}], and the state ${there}.`,
  );
}

/** The i-th mini-batch alone. */
export function ithOf({ rows, batchSize, images, masks = {} }: Batches, i: number): Batches {
  const steps = rows.length / batchSize;
  const part = <T extends Int32Array | Uint8Array>(array: T) =>
    array.subarray((i * array.length) / steps, ((i + 1) * array.length) / steps) as T;
  return {
    rows: part(rows),
    batchSize,
    images: images && part(images),
    masks: Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, part(mask)])),
  };
}
