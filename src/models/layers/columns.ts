import {
  concat,
  matMul,
  mean,
  pad,
  reshape,
  slice,
  transpose,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { ImageLayers } from './layers.js';
import { quadrantMaxPool } from './pool.js';

/** Every convolution as one matrix product, on activations [height, width, batch, channels]. */
export const columnLayers: ImageLayers = {
  fromBatch: (images) => transpose(images, [1, 2, 0, 3]),
  convolution: imageColumns,
  maxPool: quadrantMaxPool,
  means: (x) => mean(x, 0),
  toVectors: (x: Tensor4D) => reshape(x, [x.shape[2], x.shape[3]]),
};

/**
 * 3x3 convolution, stride 1, padding 1, of x [H, W, N, C] by weight [3, 3, C, O] as one matrix product: the nine
 * shifted images side by side, [H·W·N, 9·C], times the weight, [9·C, O]. Returns [H, W, N, O].
 */
export function imageColumns(x: Tensor4D, weight: Tensor4D): Tensor4D {
  const [height, width, batch, channels] = x.shape;
  const outputs = weight.shape[3];
  const padding: [number, number][] = [[1, 1], [1, 1], [0, 0], [0, 0]]; // prettier-ignore
  const padded = pad(x, padding);
  const shifts = [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map((column) => slice(padded, [row, column, 0, 0], [height, width, batch, channels])),
  );
  const columns: Tensor2D = reshape(concat(shifts, 3), [height * width * batch, 9 * channels]);
  const product = matMul(columns, reshape(weight, [9 * channels, outputs]));
  return reshape(product, [height, width, batch, outputs]);
}
