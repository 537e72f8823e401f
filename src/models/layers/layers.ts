import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

/** The operations on images that an engine may lay out and compute in its own way. */
export interface ImageLayers {
  /** Images [batch, height, width, channels] in these layers' own layout. */
  fromBatch(images: Tensor4D): Tensor4D;
  /** 3x3 convolution, stride 1, zero padding 1, no bias; weight [3, 3, inputs, outputs]. */
  convolution(x: Tensor4D, weight: Tensor4D): Tensor4D;
  /** The maximum of each 2x2 block; its gradient goes to the first one in row-major order. */
  maxPool(x: Tensor4D): Tensor4D;
  /** The mean of each column of x [samples, channels], [channels]. */
  means(x: Tensor2D): Tensor1D;
  /** Maps of 1x1 as [batch, channels]. */
  toVectors(x: Tensor4D): Tensor2D;
}
