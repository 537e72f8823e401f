import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { RandomSource } from '../random/mt19937.js';
import type { NamedTensors } from '../tensors.js';
import type { ImageLayers } from './layers/layers.js';

/** A float32 array and its shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a model is made of, as tensors or as arrays. */
export interface Variables<T> {
  /** Learnt by the update rule. */
  readonly parameters: Readonly<Record<string, T>>;
  /** Moved on by the forward pass in training: batch norm's running statistics. */
  readonly buffers: Readonly<Record<string, T>>;
}

/** How a forward pass is made. */
export interface Pass {
  readonly training: boolean;
  readonly layers: ImageLayers;
  /** In training: the model's masks of 0 and 1, float32, shape [batch, ...]. */
  readonly masks: NamedTensors;
}

export interface Model {
  /** Initial values, drawn from the stream in the order of construction. */
  init(source: RandomSource): Variables<Values>;
  /** Shapes, for one image, of the masks that a training pass needs: dropout with probability 1/2. */
  readonly masks?: Readonly<Record<string, readonly number[]>>;
  /** Images in a mini-batch of a validation: it bounds the memory of their activations. */
  readonly validationBatch: number;
  /** Logits, shape [batch, classes], of normalised images, shape [batch, ...imageShape]; and the buffers after it. */
  forward(
    variables: Variables<Tensor>,
    images: Tensor,
    pass: Pass,
  ): { readonly logits: Tensor2D; readonly buffers: NamedTensors };
}
