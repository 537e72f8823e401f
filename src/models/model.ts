import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../tensors.js';
import type { RandomSource } from '../random/mt19937.js';

/** A float32 array and its shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface Model {
  /** Initial parameters, drawn from the stream in the order of construction. */
  init(source: RandomSource): Record<string, Values>;
  /** Logits, shape [batch, classes], of normalised images, shape [batch, ...imageShape]. */
  logits(parameters: NamedTensors, images: Tensor): Tensor2D;
}

/** Images and their classes, int32, shape [batch]. */
export interface Batch {
  readonly images: Tensor;
  readonly labels: Tensor1D;
}
