import { conv2d, maxPool, mean, reshape, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import type { ImageLayers } from './layers.js';

/** tfjs's own operations, on [batch, height, width, channels]. */
export const plainLayers: ImageLayers = {
  fromBatch: (images) => images,
  convolution: (x, weight) => conv2d(x, weight, 1, 'same'),
  maxPool: (x) => maxPool<Tensor4D>(x, 2, 2, 'valid'),
  // In two stages: TensorFlow adds up a column number by number, so that 100,000 of them cost two digits.
  means(x) {
    const [samples, channels] = x.shape;
    let parts = 1;
    while (samples / parts > 512 && samples % (2 * parts) === 0) parts *= 2;
    return mean<Tensor1D>(mean(reshape(x, [parts, samples / parts, channels]), 1), 0);
  },
  toVectors: (x) => reshape(x, [x.shape[0], x.shape[3]]),
};
