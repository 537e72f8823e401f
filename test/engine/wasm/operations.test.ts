import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Numbers, positive, randomNumbers } from '../numbers.js';
import { worst } from '../trained.js';
import { computed } from './run.js';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const random = randomNumbers();

// Rows of a length that is no multiple of four, in variables and in a loop; as odd a number of them as two parts can share.
const [narrow, other, wide] = [random(5, 6), random(5, 6), random(5, 22)];
const [row, wideRow, column, number] = [random(6), random(22), random(5, 1), random()];

const cases: [string, (...inputs: tf.Tensor[]) => tf.Tensor, Numbers[]][] = [
  ['Add', (x, y) => tf.add(x, y), [narrow, row]],
  ['Add, wide', (x, y) => tf.add(x, y), [wide, wideRow]],
  ['AddN', (x, y) => tf.addN([x, y, x]), [narrow, other]],
  ['Sub', (x, y) => tf.sub(x, y), [row, narrow]],
  ['Multiply', (x, y) => tf.mul(x, y), [narrow, column]],
  ['Multiply of a number', (x, y) => tf.mul(x, y), [number, wide]],
  ['Multiply of numbers', (x, y) => tf.mul(x, y), [number, number]],
  ['RealDiv', (x, y) => tf.div(x, y), [narrow, other]],
  ['Maximum', (x, y) => tf.maximum(x, y), [narrow, other]],
  ['Minimum', (x, y) => tf.minimum(x, y), [narrow, row]],
  ['Pow', (x, y) => tf.pow(x, y), [positive(narrow), other]],
  ['Greater', (x, y) => tf.cast(tf.greater(x, y), 'float32'), [narrow, other]],
  ['GreaterEqual', (x) => tf.cast(tf.greaterEqual(x, x), 'float32'), [narrow]],
  ['Less', (x, y) => tf.cast(tf.less(x, y), 'float32'), [narrow, row]],
  ['LessEqual', (x, y) => tf.cast(tf.lessEqual(x, y), 'float32'), [narrow, other]],
  ['Equal', (x, y) => tf.cast(tf.equal(x, tf.maximum(x, y)), 'float32'), [narrow, other]],
  ['LogicalAnd', (x, y) => tf.cast(tf.logicalAnd(tf.greater(x, 0), tf.greater(y, 0)), 'float32'), [narrow, other]],
  ['LogicalOr', (x, y) => tf.cast(tf.logicalOr(tf.greater(x, 0), tf.greater(y, 0)), 'float32'), [narrow, other]],
  ['LogicalNot', (x) => tf.cast(tf.logicalNot(tf.greater(x, 0)), 'float32'), [narrow]],
  ['Select', (x, y) => tf.where(tf.greater(x, y), x, y), [narrow, other]],
  ['Abs', (x) => tf.abs(x), [narrow]],
  ['Exp', (x) => tf.exp(x), [narrow]],
  ['Exp of a number', (x) => tf.exp(x), [number]],
  ['Expm1', (x) => tf.expm1(tf.mul(x, 1e-4)), [number]],
  ['Log', (x) => tf.log(x), [positive(narrow)]],
  ['Neg', (x) => tf.neg(x), [narrow]],
  ['Reciprocal', (x) => tf.reciprocal(x), [narrow]],
  ['Relu', (x) => tf.relu(x), [narrow]],
  ['Sqrt', (x) => tf.sqrt(x), [positive(narrow)]],
  ['Step', (x) => tf.step(x), [narrow]],
  ['OnesLike', (x) => tf.onesLike(x), [narrow]],
  ['Sum of all', (x) => tf.sum(x), [narrow]],
  ['Sum of all, wide', (x) => tf.sum(x), [wide]],
  ['Sum of rows', (x) => tf.sum(x, 1, true), [narrow]],
  ['Sum of wide rows', (x) => tf.sum(x, 1, true), [wide]],
  ['Sum over rows', (x) => tf.sum(x, 0), [narrow]],
  ['Sum over wide rows', (x) => tf.sum(x, 0), [wide]],
  ['Sum over very many rows', (x) => tf.sum(x, 0), [random(3000, 2)]],
  ['Sum of a row', (x) => tf.sum(x), [wideRow]],
  ['Sum of a column', (x) => tf.sum(x), [column]],
  ['Mean of all', (x) => tf.mean(x), [narrow]],
  ['Mean of rows', (x) => tf.mean(x, 1, true), [wide]],
  ['Max of rows', (x) => tf.max(x, 1, true), [narrow]],
  ['Max of wide rows', (x) => tf.max(x, 1, true), [wide]],
  ['ArgMax', (x) => tf.reshape(tf.cast(tf.argMax(x, 1), 'float32'), [5, 1]), [narrow]],
  ['Softmax', (x) => tf.exp(tf.logSoftmax(x as tf.Tensor2D)), [narrow]],
  ['Softmax of wide rows', (x) => tf.exp(tf.logSoftmax(x as tf.Tensor2D)), [wide]],
  ['Product', (x, y) => tf.matMul(x, y), [random(9, 7), random(7, 22)]],
  ['Product with the second transposed', (x, y) => tf.matMul(x, y, false, true), [random(9, 22), random(7, 22)]],
  ['Product with the first transposed', (x, y) => tf.matMul(x, y, true), [random(9, 7), random(9, 22)]],
  ['Product of a short row', (x, y) => tf.matMul(x, y, false, true), [random(1, 3), random(2, 3)]],
  ['Product and a row', (x, y, z) => tf.add(tf.matMul(x, y, false, true), z), [narrow, random(6, 6), row]],
];

describe('operations are the same compiled and on tfjs cpu', () => {
  it.each(cases)('%s', async (_, f, inputs) => {
    const expected = f(...inputs.map(({ shape, values }) => tf.tensor(values, [...shape])));
    const { shape, values } = await computed(f, inputs);
    expect(shape).toEqual(expected.shape);
    // Sums of up to 3,000 numbers, of which both round each addition by half a unit in the last of 24 bits.
    expect(worst(values, expected.dataSync())).toBeLessThan(1e-6);
    expect(values.some((value) => value !== 0)).toBe(true);
  });
});

it('rounds exponentials and logarithms right but for one in a hundred, and then by one unit', async () => {
  const exponents = Float32Array.from({ length: 4000 }, (_, i) => -104 + (i * 193) / 4000);
  const numbers = Float32Array.from({ length: 4000 }, (_, i) => 1.1 ** (i - 2000) % 3e38);
  for (const [f, exact, x] of [
    [tf.exp, Math.exp, exponents],
    [tf.log, Math.log, numbers.map((value) => Math.max(value, 1e-40))],
  ] as const) {
    const { values } = await computed((input) => f(input), [{ shape: [1000, 4], values: [...x] }]);
    const wrong = values.filter((value, i) => value !== Math.fround(exact(x[i]!)));
    expect(wrong.length).toBeLessThan(40);
    for (const [i, value] of values.entries()) {
      const right = Math.fround(exact(x[i]!));
      const unit = Math.max(2 ** -149, Math.abs(right) * 2 ** -23);
      if (Number.isFinite(right)) expect(Math.abs(value - right)).toBeLessThanOrEqual(unit);
    }
  }
});

it.each([
  ['Exp', (x: tf.Tensor) => tf.exp(x), [-Infinity, -200, 0, 200, Infinity, NaN], [0, 0, 1, Infinity, Infinity, NaN]],
  ['Log', (x: tf.Tensor) => tf.log(x), [0, -1, -Infinity, 1, Infinity, NaN], [-Infinity, NaN, NaN, 0, Infinity, NaN]],
  ['Sum', (x: tf.Tensor) => tf.sum(x, 1, true), [1, 2, Infinity, 3, NaN, 5], [Infinity, NaN]],
  ['Max', (x: tf.Tensor) => tf.maximum(x, 0), [-1, 2, -Infinity, Infinity, NaN, 0], [0, 2, 0, Infinity, NaN, 0]],
] as const)('%s at the ends of the numbers', async (_, f, values, expected) => {
  expect((await computed(f, [{ shape: [2, 3], values: [...values] }])).values).toEqual(expected);
});

it('says which operation it does not know, and the way out', async () => {
  await expect(computed((x) => tf.tanh(x), [narrow])).rejects.toThrow(
    'the engine wasm does not know this kind of the operation Tanh, which the model or the update rule needs: it is for small ' +
      'models of linear layers, such as logreg. --engine onnx computes any.',
  );
});
