import { InferenceSession, runtimeVersion, Tensor } from './runtime.js';
import { rowsOf, sizeOf } from '../../data/dataset.js';
import { normalised } from '../../data/normalise.js';
import { productLayers } from '../../models/layers/products.js';
import type { Values } from '../../models/model.js';
import { learningRate } from '../../optimizers/compensated.js';
import { flatten, unflatten } from '../../tensors.js';
import { turn } from '../../turn.js';
import { valuesAt, type Batches, type Engine, type Runners, type TogetherOptions } from '../engine.js';
import { initialState, mapValues } from '../initial_state.js';
import type { Program } from '../program.js';
import type { Graph } from './graph.js';
import { loopsGraph, names, stacked, type LoopOptions } from './loop.js';
import { encodeModel } from './proto.js';
import { storedShape } from './wide.js';

export interface OnnxOptions {
  /** Threads within an operator; 0: one where the model is small, else one a core. */
  readonly threads?: number;
  /** What counts as all cores; 0: the machine's. */
  readonly cores?: number | undefined;
  /** What runs the graphs. Default: the processor. */
  readonly provider?: Provider;
}

/** A provider of ONNX Runtime that computes on a GPU. */
export interface Provider {
  readonly name: 'cuda';
  readonly deviceId: number;
}

type OrtTensors = Readonly<Record<string, Tensor>>;

/**
 * The embedded engine: traces a program once into an ONNX graph and lets ONNX Runtime run it on the processor, many
 * steps in one call.
 */
export function onnxEngine({ threads = 0, cores = 0, provider }: OnnxOptions = {}): Engine {
  const threadsFor = (programs: readonly Program[]) => threads || (areSmall(programs) ? 1 : cores);
  return {
    name: 'onnx',
    version: `onnxruntime-node ${runtimeVersion}`,
    async start(program, { signal, state } = {}) {
      const runners = await start([program], threadsFor([program]), provider, { signal, states: state && [state] });
      return {
        train: async (batches) => (await runners.train(batches))[0]!,
        evaluate: async (set, rows) => (await runners.evaluate(set, rows))[0]!,
        state: async () => (await runners.state())[0]!,
        dispose: () => runners.dispose(),
      };
    },
    startTogether: (programs, options) => start(programs, threadsFor(programs), provider, options),
  };
}

async function start(
  programs: readonly Program[],
  threads: number,
  provider: Provider | undefined,
  { signal, states }: TogetherOptions = {},
): Promise<Runners> {
  const [program] = programs as readonly [Program, ...Program[]];
  const { dataset, masks: maskShapes, batchSizes, validationBatch } = program;
  const count = programs.length;
  // What a wide shape is for is the processor's, and of a program alone.
  const stored = provider || count > 1 ? undefined : storedShape;
  const { tree, arrays } = await initialState(program, stored);
  const modelShape = modelShapes(program);
  const shapes = mapValues(arrays, ({ shape }) => shape);
  const first = await firstStates(programs, arrays);
  for (const [i, given] of (states ?? []).entries()) {
    for (const [path, values] of Object.entries(first[i]!)) {
      values.set(valuesAt(given, path, modelShape(path, shapes[path]!)));
    }
  }
  // A loop reads these arrays in its first iteration, and writes to them when it has ended.
  const state = mapValues(shapes, (shape, path) => {
    const each = first.map((values) => values[path]!);
    return new Tensor('float32', count === 1 ? each[0]! : concatenated(each), stacked(shape, count));
  });

  const training = (batchSize: number): LoopOptions => ({
    batchSize,
    moves: true,
    bodies: programs.map((each) => (tensors, batch) => {
      const next = each.step(unflatten(tree, tensors), batch, productLayers);
      return { state: flatten(next.state), figures: flatten(next.figures) };
    }),
  });
  const evaluation: LoopOptions = {
    batchSize: validationBatch,
    moves: false,
    bodies: programs.map((each) => (tensors, batch) => ({
      figures: flatten(each.evaluate(unflatten(tree, tensors), batch, productLayers)),
    })),
  };
  const loops: Record<string, LoopOptions> = {
    ...Object.fromEntries(batchSizes.map((size) => [trainingLoop(size), training(size)])),
    [evaluationLoop]: evaluation,
  };
  const { imageShape, augmented } = dataset;
  // To a GPU the whole set would travel with every call.
  const prepared = augmented || provider !== undefined;
  const graph = loopsGraph({
    ...{ imageShape, prepared, normalisation: dataset, masks: maskShapes },
    ...{ state: shapes, settings: count, loops },
  });
  await turn(signal);
  const session = await createSession(graph, threads, provider);
  const imagesOf = (values: Uint8Array | Float32Array, leading: readonly number[]) =>
    new Tensor(values instanceof Uint8Array ? 'uint8' : 'float32', values, [...leading, ...imageShape]);

  /** Runs a loop over mini-batches; returns its figures. */
  async function run(loop: string, set: 'train' | 'test', batches: Batches) {
    const index = Object.keys(loops).indexOf(loop);
    if (index < 0) throw new Error(`the program has no mini-batches of ${batches.batchSize} images`);
    const feeds = { ...state, [names.loop]: integer(index), ...batchTensors(set, batches) };
    const results: OrtTensors = Object.fromEntries(
      Object.entries(state).map(([path, array]) => [names.next(loop, path), array]),
    );
    const wanted = session.outputNames.filter((name) => name.startsWith(`${loop}/`));
    const outputs = await session.run(feeds, Object.fromEntries(wanted.map((name) => [name, results[name] ?? null])));
    return (figure: string) => outputs[names.figure(loop, figure)]?.data as Float32Array | undefined;
  }

  /** What the rule learns besides α. */
  function learnedSymbols(loop: string): string[] {
    const prefix = names.figure(loop, 'learned/');
    return session.outputNames.flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  }

  /** Mini-batches as the graph's inputs; it has one for every mask, though evaluation reads none. */
  function batchTensors(set: 'train' | 'test', { rows, batchSize, images: pixels, masks = {} }: Batches): OrtTensors {
    const steps = rows.length / batchSize;
    const ofRows = () => pixels ?? rowsOf(dataset[set].images, rows, sizeOf(imageShape));
    const maskTensors = Object.entries(maskShapes).map(([name, shape]) => {
      const mask = masks[name];
      const leading = mask ? [steps, batchSize] : [0, 0];
      return [names.mask(name), new Tensor('uint8', mask ?? new Uint8Array(), [...leading, ...shape])] as const;
    });
    return {
      [names.labels]: new Tensor('uint8', dataset[set].labels, [dataset[set].count]),
      [names.rows]: new Tensor('int32', rows, [steps, batchSize]),
      [names.steps]: integer(steps),
      ...(prepared
        ? { [names.prepared]: imagesOf(normalised(ofRows(), dataset), [steps, batchSize]) }
        : { [names.images]: imagesOf(dataset[set].images, [dataset[set].count]) }),
      ...Object.fromEntries(maskTensors),
    };
  }

  return {
    async train(batches) {
      const figure = await run(trainingLoop(batches.batchSize), 'train', batches);
      const separate = (name: string) => separated(figure(name), count, 1);
      const [losses, highs, lows] = [separate('loss'), separate('drift/high'), separate('drift/low')];
      const learned = learnedSymbols(trainingLoop(batches.batchSize)).map(
        (symbol) => [symbol, separate(`learned/${symbol}`)] as const,
      );
      return programs.map(({ alpha0 }, i) => {
        const [loss, high, low] = [losses[i] ?? new Float32Array(), highs[i], lows[i]];
        return {
          loss,
          alpha: Float64Array.from(loss, (_, k) => learningRate(alpha0, high?.[k] ?? 0, low?.[k] ?? 0)),
          learned: Object.fromEntries(learned.map(([symbol, each]) => [symbol, each[i]!])),
        };
      });
    },

    async evaluate(set, rows) {
      // Filled up to whole batches, so that one loop serves all.
      const filled = new Int32Array(Math.ceil(rows.length / validationBatch) * validationBatch);
      filled.set(rows);
      const figure = await run(evaluationLoop, set, { rows: filled, batchSize: validationBatch });
      const [loss, correct] = ['loss', 'correct'].map((name) => separated(figure(name), count, validationBatch)) as [
        Float32Array[],
        Float32Array[],
      ];
      const ofRows = (figures: Float32Array | undefined) => figures?.subarray(0, rows.length) ?? new Float32Array();
      return programs.map((_, i) => ({ loss: ofRows(loss[i]), correct: ofRows(correct[i]) }));
    },

    state() {
      const part = (values: Float32Array, i: number) =>
        values.subarray((i * values.length) / count, ((i + 1) * values.length) / count);
      return Promise.resolve(
        programs.map((_, i) =>
          mapValues(state, ({ data }, path) => ({ shape: modelShape(path, shapes[path]!), values: part(data, i) })),
        ),
      );
    },

    dispose: () => session.release(),
  };
}

const evaluationLoop = 'evaluate';

function trainingLoop(batchSize: number): string {
  return `train ${batchSize}`;
}

function integer(value: number): Tensor {
  return new Tensor('int64', BigInt64Array.of(BigInt(value)), []);
}

/** Whether operators are too short to share between threads. */
function areSmall(programs: readonly Program[]): boolean {
  const arrays = programs.flatMap(({ variables }) => Object.values(variables.parameters));
  return arrays.reduce((sum, { values }) => sum + values.length, 0) < 100_000;
}

/** The figures of each setting, from [steps, settings, size]; none where there are none. */
function separated(figures: Float32Array | undefined, count: number, size: number): Float32Array[] {
  if (!figures) return [];
  if (count === 1) return [figures];
  const each = Array.from({ length: count }, () => new Float32Array(figures.length / count));
  for (let start = 0, i = 0; start < figures.length; start += size, i++) {
    each[i % count]!.set(figures.subarray(start, start + size), Math.floor(i / count) * size);
  }
  return each;
}

function concatenated(arrays: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(arrays.reduce((length, array) => length + array.length, 0));
  let start = 0;
  for (const array of arrays) {
    whole.set(array, start);
    start += array.length;
  }
  return whole;
}

/** The numbers of each program's first state by path; the first program's are known. */
async function firstStates(
  [, ...others]: readonly Program[],
  known: Readonly<Record<string, Values>>,
): Promise<Record<string, Float32Array>[]> {
  const states = [mapValues(known, ({ values }) => values)];
  for (const other of others) states.push(mapValues((await initialState(other)).arrays, ({ values }) => values));
  return states;
}

async function createSession(graph: Graph, threads: number, provider?: Provider): Promise<InferenceSession> {
  return InferenceSession.create(encodeModel(graph), {
    executionProviders: [provider ?? 'cpu'],
    // Beyond these, optimisations take a second and gain nothing: the graph has been simplified.
    graphOptimizationLevel: 'basic',
    intraOpNumThreads: threads,
    // Memory patterns would reserve every intermediate value of the graph at once.
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
}

/** The shape that the program gives to what is stored at a path, a parameter or what the rule keeps of one. */
function modelShapes({ variables }: Program) {
  const parameters = Object.entries(variables.parameters);
  return (path: string, shape: readonly number[]): readonly number[] => {
    const found = parameters.find(
      ([name, values]) => path.endsWith(`/${name}`) && storedShape(values.shape).join() === shape.join(),
    );
    return found?.[1].shape ?? shape;
  };
}
