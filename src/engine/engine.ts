import type { Values } from '../models/model.js';
import type { Program } from './program.js';

/** A way to run programs. */
export interface Engine {
  readonly name: string;
  /** @param signal once it is aborted, an engine that takes long to start throws its reason. */
  start(program: Program, signal?: AbortSignal): Promise<Runner>;
}

/** A program that runs: it holds the state, and moves it on. */
export interface Runner {
  /** Training steps, one for each mini-batch. */
  train(batches: Batches): Promise<Steps>;
  /**
   * Cross-entropy of each of some rows of a set, in evaluation mode.
   * @param rows indices, shape [samples].
   */
  evaluate(set: 'train' | 'test', rows: Int32Array): Promise<Float32Array>;
  /** A copy of the state by path: `parameters/lin1.weight`, `rule/…`. */
  state(): Promise<Record<string, Values>>;
  dispose(): Promise<void>;
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

/** One figure a step. */
export interface Steps {
  readonly loss: Float32Array;
  /** α after the step. */
  readonly alpha: Float64Array;
}
