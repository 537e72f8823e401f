import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { storedShape } from '../../../src/engine/onnx/wide.js';
import { mt19937 } from '../../../src/random/mt19937.js';
import { uniform } from '../../../src/random/torch.js';
import type { Numbers } from '../numbers.js';
import { computed, traced } from './run.js';

const source = mt19937(7);
const shape = storedShape([300, 250]);
const size = 300 * 250;
const random = (): Numbers => ({ shape, values: [...uniform(source, size, -2, 2)] });
const [a, b] = [random(), random()];
const { fround } = Math;

it('a large matrix is stored as an image of one channel, a convolution kernel too, and a bias as it is', () => {
  expect(storedShape([300, 250])).toEqual([1, 1, 300, 250]);
  expect(storedShape([512, 256, 3, 3])).toEqual([1, 1, 512, 256 * 9]);
  expect(storedShape([10, 784])).toEqual([10, 784]);
  expect(storedShape([100_000])).toEqual([100_000]);
});

it.each([
  ['y + x·0.3', (x: tf.Tensor, y: tf.Tensor) => tf.add(y, tf.mul(x, 0.3)), 1, 0.3],
  ['0.3·x + y', (x: tf.Tensor, y: tf.Tensor) => tf.add(tf.mul(0.3, x), y), 1, 0.3],
  ['y − x·0.3', (x: tf.Tensor, y: tf.Tensor) => tf.sub(y, tf.mul(x, 0.3)), 1, -0.3],
])('%s is one convolution, rounded as the product and the sum are', async (_, f, one, weight) => {
  expect(traced(f, [a, b]).nodes.map(({ type }) => type)).toContain('FusedConv');
  const { values } = await computed(f, [a, b]);
  expect(values).toEqual(a.values.map((x, i) => fround(one * b.values[i]! + fround(x * fround(weight)))));
});

it('a product with a tensor, or minus a tensor, stays as it is', () => {
  const types = (f: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor) => traced(f, [a, b]).nodes.map(({ type }) => type);
  expect(types((x, y) => tf.add(x, tf.mul(x, y)))).toEqual(['Mul', 'Add']);
  expect(types((x, y) => tf.sub(tf.mul(x, 2), y))).toEqual(['Mul', 'Sub']);
});

it('a dot product needs no temporary, and is as near to float64 as a sum of rounded products', async () => {
  const dot = (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.mul(x, y));
  expect(traced(dot, [a, b]).nodes.map(({ type }) => type)).not.toContain('Mul');
  const products = a.values.map((x, i) => x * b.values[i]!);
  const exact = products.reduce((sum, product) => sum + product, 0);
  const magnitude = products.reduce((sum, product) => sum + Math.abs(product), 0);
  const { values } = await computed(dot, [a, b]);
  // Half a unit in the last place of each of 250/8 additions in a row, at random signs, and of the 300 rows.
  expect(Math.abs(values[0]! - exact) / magnitude).toBeLessThan(2 ** -24);
});
