import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCifar10 } from '../../src/data/cifar10.js';
import type { Dataset } from '../../src/data/dataset.js';
import { loadMnist } from '../../src/data/mnist.js';
import { onnxEngine } from '../../src/engine/onnx/engine.js';
import { tfjsEngine } from '../../src/engine/tfjs/engine.js';
import type { Row } from '../../src/results/row.js';
import { train, type Snapshot, type TrainOptions } from '../../src/training/train.js';
import { cifar10Files, put } from '../data/cifar10_files.js';

/** The first images of a set alone. */
function cut(dataset: Dataset, count: number): Dataset {
  const first = ({ images, labels }: Dataset['train']) => ({
    images: images.subarray(0, (images.length / labels.length) * count),
    labels: labels.subarray(0, count),
    count,
  });
  return { ...dataset, train: first(dataset.train), test: first(dataset.test) };
}

const mnist = cut(loadMnist().dataset, 200);
let cifar10: Dataset;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
  put(folder, cifar10Files(3));
  cifar10 = loadCifar10({ directory: folder }).dataset;
});
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

const base = {
  ...({ model: 'logreg', method: 'adam_hd', alpha0: 0.01, beta: 1e-4, mu: 0.9, weightDecay: 1e-4, seed: 3 } as const),
  ...{ batchSize: 32, epochs: 4, iterations: 0, lossThreshold: 0, engine: onnxEngine() },
};

/** The rows and where the run was after each stretch, its state copied. */
async function followed(options: TrainOptions) {
  const rows: Row[] = [];
  const stops: { after: number; snapshot: Snapshot }[] = [];
  for await (const stretch of train(options)) {
    rows.push(...stretch.rows);
    const state = structuredClone(await stretch.state());
    stops.push({ after: rows.length, snapshot: { position: stretch.position, state: () => Promise.resolve(state) } });
  }
  return { rows: rows.map(withoutTime), stops };
}

const withoutTime = (row: Row) => ({ ...row, time: 0 });

async function rest(options: TrainOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const stretch of train(options)) rows.push(...stretch.rows);
  return rows.map(withoutTime);
}

const onMnist: [string, Partial<TrainOptions>][] = [
  ...(['sgd', 'sgd_hd', 'sgdn', 'sgdn_hd', 'adam', 'adam_hd'] as const).map(
    (method): [string, Partial<TrainOptions>] => [method, { method }],
  ),
  ['adam_hd, order paper', { order: 'paper' }],
  ['a multiplicative rule, clipped and bounded', { multiplicative: true, clip: 0.5, lowerBound: 0, beta: 0.02 }],
  ['momentum for α', { method: 'sgd_hd', hypergradOptimizer: 'momentum' }],
  ['Adam for α', { method: 'sgdn_hd', hypergradOptimizer: 'adam' }],
  ['a run that diverges', { method: 'sgd_hd', alpha0: 1e30, beta: 1 }],
  ['epochs of one mini-batch, many of them in a call', { batchSize: 500, epochs: 40 }],
  ['mlp', { model: 'mlp', method: 'sgd_hd', epochs: 2 }],
  ['the engine cpu', { engine: tfjsEngine('cpu'), epochs: 2 }],
];

describe('a run goes on from wherever it was, bit for bit:', () => {
  it.each(onMnist)('%s', async (_, options) => {
    const whole = { ...base, dataset: mnist, ...options };
    const { rows, stops } = await followed(whole);
    expect(stops.length).toBeGreaterThan(3);
    for (const { after, snapshot } of stops) {
      expect(await rest({ ...whole, from: snapshot })).toEqual(rows.slice(after));
    }
  });

  it.each([
    ['vgg11_bn', 'adam_hd'],
    ['vgg11_bn', 'sgdn_hd'],
    ['vgg11', 'sgd'],
  ] as const)('%s, %s', async (model, method) => {
    const whole = { ...base, ...{ model, method, batchSize: 6, epochs: 2 }, dataset: cifar10 };
    const { rows, stops } = await followed(whole);
    const { after, snapshot } = stops[Math.floor(stops.length / 2)]!;
    expect(after).toBeLessThan(rows.length);
    expect(await rest({ ...whole, from: snapshot })).toEqual(rows.slice(after));
  });
});

it('more epochs prolong a run', async () => {
  const whole = { ...base, dataset: mnist };
  const { stops } = await followed({ ...whole, epochs: 2 });
  const { rows } = await followed(whole);
  const { after, snapshot } = stops.at(-1)!;
  expect(await rest({ ...whole, from: snapshot })).toEqual(rows.slice(after));
});

it('an interrupted run says where it stopped', async () => {
  const controller = new AbortController();
  const whole = { ...base, dataset: mnist, epochs: 30 };
  const { rows } = await followed(whole);
  const before: Row[] = [];
  let last: Snapshot | undefined;
  for await (const stretch of train({ ...whole, signal: controller.signal })) {
    before.push(...stretch.rows);
    const state = structuredClone(await stretch.state());
    last = { position: stretch.position, state: () => Promise.resolve(state) };
    if (before.length > 20) controller.abort();
  }
  expect(before.length).toBeLessThan(rows.length);
  expect([...before.map(withoutTime), ...(await rest({ ...whole, from: last }))]).toEqual(rows);
});

it('the time goes on', async () => {
  const whole = { ...base, dataset: mnist };
  const { stops } = await followed(whole);
  const { snapshot } = stops[2]!;
  const from = { ...snapshot, position: { ...snapshot.position, seconds: 1000 } };
  for await (const { rows } of train({ ...whole, from })) {
    for (const { time } of rows) expect(time).toBeGreaterThan(1000);
  }
});
