import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tiles, winograd, type Tile } from '../../../src/models/layers/winograd.js';
import { mt19937 } from '../../../src/random/mt19937.js';
import { normal } from '../../../src/random/torch.js';
import { computed } from '../../engine/onnx/run.js';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const [batch, channels, outputs] = [2, 5, 4];
const source = mt19937(3);
const random = (...shape: number[]) => ({ shape, values: [...normal(source, tf.util.sizeFromShape(shape), 0, 1)] });

type Convolution = (x: tf.Tensor4D, weight: tf.Tensor4D) => tf.Tensor4D;

/** tfjs's convolution, of x [H, W, N, C]. */
const direct: Convolution = (x, weight) =>
  tf.transpose(tf.conv2d<tf.Tensor4D>(tf.transpose(x, [2, 0, 1, 3]), weight, 1, 'same'), [1, 2, 0, 3]);

/** The convolution, its gradient by x and that by the weight, one after the other. */
function withGradients(convolution: Convolution) {
  return (...[x, weight, dy]: tf.Tensor[]) => {
    const f = (a: tf.Tensor, b: tf.Tensor) => convolution(a as tf.Tensor4D, b as tf.Tensor4D);
    const [ofX, ofWeight] = tf.grads(f)([x!, weight!], dy) as [tf.Tensor, tf.Tensor];
    return tf.concat([f(x!, weight!), ofX, ofWeight].map((result) => tf.reshape(result, [-1])));
  };
}

describe.each<{ name: string; tile: Tile; sizes: number[] }>([
  { name: 'F(2, 3)', tile: tiles.f2, sizes: [2, 4, 6] },
  { name: 'F(4, 3)', tile: tiles.f4, sizes: [4, 8, 12] },
  { name: 'a tile of two outputs alone', tile: tiles.alone2, sizes: [2] },
])('convolution by $name', ({ tile, sizes }) => {
  it.each(sizes)('is the direct one on maps of %i, and so are its gradients', async (size) => {
    const inputs = [
      random(size, size, batch, channels),
      random(3, 3, channels, outputs),
      random(size, size, batch, outputs),
    ];
    const { values } = await computed(
      withGradients((x, weight) => winograd(x, weight, tile)),
      inputs,
    );
    const expected = withGradients(direct)(...inputs.map(({ shape, values: v }) => tf.tensor(v, shape))).dataSync();
    expect(values).toHaveLength(expected.length);
    const largest = Math.max(...expected.map(Math.abs));
    // Sums of 36 to 288 products: float32 was seen to leave 8.2e-7 of the largest.
    for (const [i, value] of expected.entries()) expect(Math.abs(values[i]! - value)).toBeLessThan(2e-6 * largest);
  });
});

it('takes four, six and three products an axis', () => {
  expect(Object.values(tiles).map(({ filterTransform }) => filterTransform.length)).toEqual([4, 6, 3]);
});
