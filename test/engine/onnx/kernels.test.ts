import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Numbers, positive, randomNumbers } from '../numbers.js';
import { computed, traced } from './run.js';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const random = randomNumbers();

const a = random(3, 4);
const b = random(3, 4);
const row = random(4);

const cases: [string, (...inputs: tf.Tensor[]) => tf.Tensor, Numbers[]][] = [
  ['Add', (x, y) => tf.add(x, y), [a, row]],
  ['AddN', (x, y) => tf.addN([x, y, x]), [a, b]],
  ['Sub', (x, y) => tf.sub(x, y), [row, a]],
  ['Multiply', (x, y) => tf.mul(x, y), [a, row]],
  ['RealDiv', (x, y) => tf.div(x, y), [a, b]],
  ['Maximum', (x, y) => tf.maximum(x, y), [a, b]],
  ['Minimum', (x, y) => tf.minimum(x, y), [a, b]],
  ['Pow', (x) => tf.pow(x, 3), [a]],
  ['Greater', (x, y) => tf.greater(x, y), [a, b]],
  ['GreaterEqual', (x) => tf.greaterEqual(x, x), [a]],
  ['Less', (x, y) => tf.less(x, y), [a, row]],
  ['LessEqual', (x, y) => tf.lessEqual(x, y), [a, b]],
  ['Equal', (x, y) => tf.equal(x, tf.maximum(x, y)), [a, b]],
  ['LogicalAnd', (x, y) => tf.logicalAnd(tf.greater(x, 0), tf.greater(y, 0)), [a, b]],
  ['LogicalOr', (x, y) => tf.logicalOr(tf.greater(x, 0), tf.greater(y, 0)), [a, b]],
  ['LogicalNot', (x) => tf.logicalNot(tf.greater(x, 0)), [a]],
  ['Select', (x, y) => tf.where(tf.greater(x, y), x, y), [a, b]],
  [
    'PadV2',
    (x) =>
      tf.pad(x, [
        [1, 0],
        [2, 3],
      ]),
    [a],
  ],
  ['Slice', (x) => tf.slice(x, [1, 0, 2], [2, 3, 1]), [random(4, 3, 5)]],
  ['Slice of all', (x) => tf.slice(x, [0, 0], [3, 4]), [a]],
  ['SplitV', (x, y) => tf.concat([...tf.split(x, [1, 3], 1).toReversed(), ...tf.split(y, 2, 1)], 1), [a, b]],
  ['Concat', (x, y) => tf.concat([x, y, x], 1), [a, random(3, 2)]],
  ['Abs', (x) => tf.abs(x), [a]],
  ['Exp', (x) => tf.exp(x), [a]],
  ['Log', (x) => tf.log(x), [positive(a)]],
  ['Neg', (x) => tf.neg(x), [a]],
  ['Reciprocal', (x) => tf.reciprocal(x), [a]],
  ['Relu', (x) => tf.relu(x), [a]],
  ['Sqrt', (x) => tf.sqrt(x), [positive(a)]],
  ['Tanh', (x) => tf.tanh(x), [a]],
  ['Square', (x) => tf.square(x), [a]],
  ['Step', (x) => tf.step(x), [a]],
  ['Cast', (x) => tf.cast(tf.greater(x, 0), 'float32'), [a]],
  ['Cast to itself', (x) => tf.cast(x, 'float32'), [a]],
  ['Reshape', (x) => tf.reshape(x, [2, -1]), [a]],
  ['ExpandDims', (x) => tf.mul(tf.expandDims(x, -1), tf.expandDims(tf.expandDims(row.values, 0), -1)), [a]],
  ['Transpose', (x) => tf.transpose(x, [2, 0, 1]), [random(2, 3, 4)]],
  ['Sum over all', (x) => tf.sum(x), [random(2, 3, 4)]],
  ['Sum over none', (x) => tf.sum(x, []), [a]],
  ['Sum over an axis', (x) => tf.sum(x, 0), [a]],
  ['Sum, keeping axes', (x) => tf.sum(x, [0, 2], true), [random(2, 3, 4)]],
  ['Mean over the first axis of a tall matrix', (x) => tf.mean(x, 0), [random(3000, 2)]],
  ['Mean over the first axis of a tall matrix, odd', (x) => tf.mean(x, 0), [random(2049, 2)]],
  ['Sum over the first axis of a tall matrix', (x) => tf.mul(tf.sum(x, 0), 1 / 8192), [random(8192, 2)]],
  ['Mean over all', (x) => tf.mean(x), [a]],
  ['Mean over an axis', (x) => tf.mean(x, 1), [a]],
  ['Max', (x) => tf.max(x, -1, true), [a]],
  ['Max over all', (x) => tf.max(x), [a]],
  ['BatchMatMul', (x, y) => tf.matMul(x, y), [a, random(4, 5)]],
  ['BatchMatMul, both transposed', (x, y) => tf.matMul(x, y, true, true), [a, random(5, 3)]],
  ['BatchMatMul of batches', (x, y) => tf.matMul(x, y, false, true), [random(2, 3, 4), random(2, 5, 4)]],
  ['OneHot', (x) => tf.mul(tf.oneHot(tf.tensor1d([2, 0, 1], 'int32'), 4, 3, -1, 'float32'), x), [a]],
  ['ZerosLike', (x) => tf.add(tf.zerosLike(x), row.values), [a]],
  ['OnesLike', (x) => tf.mul(tf.onesLike(x), row.values), [a]],
  ['Fill', (x) => tf.add(tf.fill([3, 4], 0.5), x), [a]],
  ['a captured tensor', (x) => tf.add(tf.tensor2d(b.values as number[], [3, 4]), x), [a]],
  ['a captured tensor of ones', (x) => tf.add(tf.ones([3, 4]), x), [a]],
];

describe('a traced kernel computes what tfjs cpu computes', () => {
  it.each(cases)('%s', async (_, f, inputs) => {
    const expected = tf.tidy(() => f(...inputs.map(({ shape, values }) => tf.tensor([...values], [...shape]))));
    const actual = await computed(f, inputs);
    expect(actual.shape).toEqual(expected.shape);
    const values = await expected.data();
    // One float32 operation, or a sum of a few products of at most 4: a few units in the last place of 1.
    for (const [i, value] of actual.values.entries()) {
      const reference = Number(values[i]);
      expect(Math.abs(value - reference)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(reference)));
    }
  });

  it('Expm1, also where the difference would cancel', async () => {
    const values = [-1e-6, 1e-6, -1e-3, -0.5, -12].map(Math.fround);
    const actual = await computed((x) => tf.expm1(x), [{ shape: [5], values }]);
    // ONNX Runtime's Tanh is within two units in the last place.
    for (const [i, value] of actual.values.entries()) {
      expect(Math.abs(value / Math.expm1(values[i] ?? 0) - 1)).toBeLessThan(3e-7);
    }
  });
});

describe('gradients', () => {
  it('come from tfjs itself, on the traced backend as on the cpu', async () => {
    const loss = (x: tf.Tensor, y: tf.Tensor) => tf.sum<tf.Scalar>(tf.square(tf.relu(tf.matMul(x, y))));
    const f = (...inputs: tf.Tensor[]) => tf.grads((x, y) => loss(x, y))(inputs)[0]!;
    const inputs = [a, random(4, 5)];
    const expected = f(...inputs.map(({ shape, values }) => tf.tensor([...values], [...shape])));
    const actual = await computed(f, inputs);
    const values = await expected.data();
    for (const [i, value] of actual.values.entries()) expect(value).toBeCloseTo(values[i] ?? Number.NaN, 5);
  });
});

describe('the graph', () => {
  const types = (f: Parameters<typeof traced>[0], inputs: Numbers[], simplified = true) =>
    traced(f, inputs, { simplified }).nodes.map(({ type }) => type);

  it('has a repeated operation once', () => {
    const f = (x: tf.Tensor, y: tf.Tensor) => tf.mul(tf.add(x, y), tf.add(x, y));
    expect(types(f as never, [a, b])).toEqual(['Add', 'Mul']);
  });

  it('has no operation that no output needs', () => {
    const f = (x: tf.Tensor) => {
      tf.exp(x);
      return tf.neg(x);
    };
    expect(types(f as never, [a])).toEqual(['Neg']);
  });

  it('has the bias within the matrix product', async () => {
    const f = (x: tf.Tensor, y: tf.Tensor, bias: tf.Tensor) => tf.add(tf.matMul(x, y), bias);
    const inputs = [a, random(4, 5), random(5)];
    expect(types(f as never, inputs, false)).toEqual(['Gemm', 'Add', 'Identity']);
    expect(types(f as never, inputs)).toEqual(['Gemm']);
    const expected = await f(
      ...(inputs.map(({ shape, values }) => tf.tensor([...values], [...shape])) as [tf.Tensor, tf.Tensor, tf.Tensor]),
    ).data();
    for (const [i, value] of (await computed(f, inputs)).values.entries()) {
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5);
    }
  });

  it('keeps a matrix product apart that is used twice', () => {
    const f = (x: tf.Tensor, y: tf.Tensor, z: tf.Tensor) => {
      const product = tf.matMul(x, y);
      return tf.mul(product, tf.add(product, z));
    };
    expect(types(f as never, [a, random(4, 5), random(3, 5)])).toEqual(['Gemm', 'Add', 'Mul']);
  });

  it('gives an input that is also an output a copy', async () => {
    expect(types((x: tf.Tensor) => x, [a])).toEqual(['Identity']);
    expect((await computed((x: tf.Tensor) => x, [a])).values).toEqual(a.values);
  });

  it('refuses a large captured tensor, and a question for numbers', () => {
    const large = new Float32Array(1 << 17).map((_, i) => i);
    expect(() => traced((x) => tf.add(x, tf.tensor1d(large)), [{ shape: [1 << 17], values: [] }])).toThrow(/input/);
    expect(() => traced((x) => tf.scalar(x.dataSync()[0] ?? 0), [a])).toThrow(/not known yet/);
  });
});
