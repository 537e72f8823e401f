import { conv2d, maxPool, reshape, type Tensor4D } from '@tensorflow/tfjs-core';
import type { ImageLayers } from './layers.js';

/** tfjs's own operations, on [batch, height, width, channels]. */
export const plainLayers: ImageLayers = {
  fromBatch: (images) => images,
  convolution: (x, weight) => conv2d(x, weight, 1, 'same'),
  maxPool: (x) => maxPool<Tensor4D>(x, 2, 2, 'valid'),
  toVectors: (x) => reshape(x, [x.shape[0], x.shape[3]]),
};
