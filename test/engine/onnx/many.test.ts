import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Graph } from '../../../src/engine/onnx/graph.js';
import { merge } from '../../../src/engine/onnx/many.js';
import { encodeModel } from '../../../src/engine/onnx/proto.js';
import { InferenceSession, Tensor as OrtTensor } from '../../../src/engine/onnx/runtime.js';
import { type Numbers, randomNumbers } from '../numbers.js';
import { computed, traced } from './run.js';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const random = randomNumbers();

/** Of three settings; two of them agree in a number that is there twice, so that their graphs have fewer nodes than the third's. */
const numbers = [0.5, 2, -1.5];

/** A function of what each setting has of its own, x, of what is the same for all, s, and of a setting's number. */
type Case = [name: string, x: number[], s: number[], f: (x: tf.Tensor, s: tf.Tensor, k: number) => tf.Tensor];

const cases: Case[] = [
  ['a number', [3, 4], [4], (x, _, k) => tf.mul(x, k)],
  ['a number that another one equals', [3, 4], [4], (x, _, k) => tf.add(tf.mul(x, 2), tf.mul(tf.exp(x), k))],
  ['what is the same for all', [3, 4], [4], (x, s) => tf.sub(x, s)],
  ['what is the same for all and larger', [4], [3, 4], (x, s, k) => tf.div(tf.add(x, s), k)],
  ['a scalar and a matrix', [], [3, 4], (x, s, k) => tf.mul(tf.mul(x, k), s)],
  ['a scalar and its own matrix', [3, 4], [], (x, s, k) => tf.mul(tf.mul(tf.sum(x), k), tf.add(x, s))],
  ['a captured tensor', [2], [], (x, _, k) => tf.add(x, tf.tensor1d([k, 1]))],
  ['only a number', [2], [3], (_, s, k) => tf.mul(s, k)],
  ['nothing of its own', [2], [3], (_, s) => tf.exp(s)],
  ['sums', [3, 4], [], (x, _, k) => tf.mul(tf.sum(x, 0), k)],
  ['sums that keep axes', [3, 4], [], (x) => tf.sub(x, tf.max(x, -1, true))],
  ['a mean over all', [3, 4, 2], [], (x) => tf.mean(x)],
  ['where', [3, 4], [3, 4], (x, s, k) => tf.where(tf.greater(x, k), x, s)],
  ['logic', [4], [4], (x, s) => tf.logicalOr(tf.logicalNot(tf.greater(x, 0)), tf.lessEqual(s, x)).cast('float32')],
  ['expm1', [2], [], (x, _, k) => tf.expm1(tf.mul(x, k))],
  ['the largest', [3, 4], [], (x) => tf.argMax(x, 1).cast('float32')],
  ['the largest after a product', [4, 5], [3, 5], (x, s) => tf.argMax(tf.matMul(s, x, false, true), 1).cast('float32')],
  ['reshape and one axis more', [3, 4], [], (x) => tf.mul(tf.reshape(x, [2, 6]), tf.expandDims(tf.sum(x), 0))],
  ['ones', [3, 4], [], (x, _, k) => tf.grad((y) => tf.sum(tf.mul(y, tf.mul(y, k))))(x)],
  ['x·Wᵀ', [4, 5], [3, 5], (x, s, k) => tf.mul(tf.matMul(s, x, false, true), k)],
  ['x·W', [5, 4], [3, 5], (x, s) => tf.matMul(s, x)],
  ['dZᵀ·x', [3, 4], [3, 5], (x, s) => tf.matMul(x, s, true)],
  ['dZ·W', [3, 5], [5, 4], (x, s) => tf.matMul(x, s)],
  ['its own factors', [3, 5], [5, 4], (x, s, k) => tf.matMul(x, tf.mul(tf.matMul(x, s), k), true)],
  ['x·Wᵀ + b', [4, 5], [3, 5], (x, s) => tf.add(tf.matMul(s, x, false, true), tf.sum(x, 1))],
  [
    'two products, laid out otherwise',
    [4, 5],
    [4, 5],
    (x, s, k) => tf.add(tf.matMul(s, x, false, true), tf.matMul(x, tf.mul(s, k), false, true)),
  ],
  ['sums after a product', [4, 5], [3, 5], (x, s) => tf.sum(tf.exp(tf.matMul(s, x, false, true)), 0)],
  ['softmax', [4, 5], [3, 5], (x, s) => tf.logSoftmax(tf.matMul(s, x, false, true))],
  ['a reshape after a product', [4, 5], [3, 5], (x, s) => tf.reshape(tf.matMul(s, x, false, true), [2, 6])],
  ['the sum of a tall product', [4, 2], [2048, 2], (x, s) => tf.sum(tf.matMul(s, x, false, true), 0)],
];

const leaves = (x: Numbers, s: Numbers) => ({
  in0: { shape: x.shape, many: true },
  in1: { shape: s.shape, many: false },
});

async function together(graphs: Graph[], xs: Numbers[], s: Numbers) {
  const session = await InferenceSession.create(encodeModel(merge(graphs, leaves(xs[0]!, s))), { logSeverityLevel: 3 });
  const { out } = await session.run({
    in0: new OrtTensor('float32', Float32Array.from(xs.flatMap(({ values }) => values)), [xs.length, ...xs[0]!.shape]),
    in1: new OrtTensor('float32', Float32Array.from(s.values), s.shape),
  });
  await session.release();
  return { shape: out!.dims, values: Array.from(out!.data as Float32Array, Number) };
}

describe('graphs of several settings, merged, compute what each computes alone', () => {
  it.each(cases)('%s', async (_, xShape, sShape, f) => {
    const xs = numbers.map(() => random(...xShape));
    const s = random(...sShape);
    const functions = numbers.map((k) => (x: tf.Tensor, same: tf.Tensor) => f(x, same, k));
    const actual = await together(
      functions.map((each, i) => traced(each as never, [xs[i]!, s])),
      xs,
      s,
    );
    const alone = await Promise.all(functions.map((each, i) => computed(each as never, [xs[i]!, s])));
    expect(actual.shape).toEqual([numbers.length, ...alone[0]!.shape]);
    const expected = alone.flatMap(({ values }) => values);
    // The same operations; a product adds its terms up in another order.
    for (const [i, value] of actual.values.entries()) {
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(expected[i]!)));
    }
  });

  it('and what is not a number in one stays there', async () => {
    const f = (x: tf.Tensor, s: tf.Tensor, k: number) =>
      tf.sum(tf.matMul(tf.mul(tf.matMul(s, x, false, true), k), s, true), 1);
    const xs = numbers.map((_, i) => (i === 1 ? { shape: [4, 5], values: Array<number>(20).fill(NaN) } : random(4, 5)));
    const s = random(3, 5);
    const graphs = numbers.map((k) => traced((x: tf.Tensor, same: tf.Tensor) => f(x, same, k), [xs[0]!, s]));
    const { values } = await together(graphs, xs, s);
    expect(values.map(Number.isNaN)).toEqual([0, 1, 2].flatMap((i) => Array<boolean>(4).fill(i === 1)));
  });
});

describe('graphs that differ in more than numbers', () => {
  const [x, s] = [random(3), random(3)];
  it.each<[string, (x: tf.Tensor, s: tf.Tensor) => tf.Tensor]>([
    ['in a node', (a) => tf.exp(a)],
    ['in what they read', (_, b) => tf.neg(b)],
    ['in a constant’s shape', (a) => tf.neg(tf.add(a, tf.tensor1d([1, 2, 3])))],
  ])('%s are refused', (_, f) => {
    const graphs = [(a: tf.Tensor) => tf.neg(a), f].map((each) => traced(each as never, [x, s]));
    expect(() => merge(graphs, leaves(x, s))).toThrow(/^the graphs of the settings differ/);
  });
});
