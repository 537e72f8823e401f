import { mean, reshape, transpose, type Tensor4D } from '@tensorflow/tfjs-core';
import { imageColumns } from './columns.js';
import type { ImageLayers } from './layers.js';
import { quadrantMaxPool } from './pool.js';
import { tiles, winograd } from './winograd.js';

/**
 * Convolutions as matrix products, for an engine whose strength those are. Activations are [height, width, batch,
 * channels], so that a transform along a spatial axis is one product with a small matrix.
 */
export const productLayers: ImageLayers = {
  fromBatch: (images) => transpose(images, [1, 2, 0, 3]),
  convolution(x, weight) {
    const [height, , , channels] = x.shape;
    // Few channels make for thin products: one with all nine shifts side by side is quicker.
    if (channels < 8) return imageColumns(x, weight);
    return winograd(x, weight, height % 4 === 0 ? tiles.f4 : height === 2 ? tiles.alone2 : tiles.f2);
  },
  maxPool: quadrantMaxPool,
  means: (x) => mean(x, 0),
  toVectors: (x: Tensor4D) => reshape(x, [x.shape[2], x.shape[3]]),
};
