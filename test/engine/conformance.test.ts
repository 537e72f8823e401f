import { relu, reshape } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Dataset, ImageSet } from '../../src/data/dataset.js';
import { createEngine, type EngineName } from '../../src/engine/engines.js';
import { program } from '../../src/engine/program.js';
import { initLinear, linear } from '../../src/models/linear.js';
import type { Model } from '../../src/models/model.js';
import { methods, updateRule, type Method } from '../../src/optimizers/methods.js';
import { mt19937 } from '../../src/random/mt19937.js';

const steps = 24;
const batchSize = 16;

/** Two layers and a ReLU on 6x6 images: everything that the experiment's models are made of, in small. */
const narrow: Model = {
  init: (source) => ({ ...initLinear(source, 'lin1', 36, 12), ...initLinear(source, 'lin2', 12, 10) }),
  logits: (parameters, images) =>
    linear(parameters, 'lin2', relu(linear(parameters, 'lin1', reshape(images, [-1, 36])))),
};

function randomImages(count: number, seed: number): ImageSet {
  const source = mt19937(seed);
  return {
    images: Uint8Array.from({ length: count * 36 }, () => source.next() & 255),
    labels: Uint8Array.from({ length: count }, () => source.next() % 10),
    count,
  };
}

const dataset: Dataset = {
  name: 'random',
  imageShape: [6, 6],
  classes: 10,
  mean: [0.1307],
  std: [0.3081],
  train: randomImages(steps * batchSize, 3),
  test: randomImages(50, 4),
};

async function trained(engine: EngineName, method: Method, order?: 'paper') {
  const rule = updateRule(method, {
    alpha0: 0.01,
    beta: method === 'adam_hd' ? 1e-5 : 1e-3,
    mu: 0.9,
    weightDecay: 1e-3,
    ...(order && { order }),
  });
  const parameters = narrow.init(mt19937(1));
  const runner = await (
    await createEngine(engine, { threads: 1, device: 0 })
  ).start(program({ dataset, model: narrow, rule, parameters }));
  const rows = Int32Array.from({ length: steps * batchSize }, (_, i) => i);
  // In two calls of different lengths, and a last step on a smaller batch.
  const first = await runner.train(rows.subarray(0, 5 * batchSize), batchSize);
  const second = await runner.train(rows.subarray(5 * batchSize, -batchSize), batchSize);
  const third = await runner.train(rows.subarray(-batchSize, -3), batchSize - 3);
  const calls = [first, second, third];
  const result = {
    loss: calls.flatMap(({ loss }) => [...loss]),
    alpha: calls.flatMap(({ alpha }) => [...alpha]),
    valid: await runner.evaluate(
      'test',
      Int32Array.from({ length: 50 }, (_, i) => i),
    ),
    state: await runner.state(),
  };
  await runner.dispose();
  return result;
}

// A float32 sum of 16 to 36 terms rounds by some 1e-7 of its largest term; 24 steps that each start from the last one's
// rounding were seen to reach 1e-6.
const rounding = 5e-6;

describe.each<[Method, 'paper' | undefined]>([
  ...methods.map((method) => [method, undefined] as [Method, undefined]),
  ['adam_hd', 'paper'],
])('%s (order: %s)', (method, order) => {
  it('is the same on the onnx engine and on tfjs cpu, to float32 rounding', async () => {
    const onnx = await trained('onnx', method, order);
    const cpu = await trained('cpu', method, order);
    expect(onnx.loss).toHaveLength(steps);
    expect(worst(onnx.loss, cpu.loss)).toBeLessThan(rounding);
    expect(worst(onnx.alpha, cpu.alpha)).toBeLessThan(rounding);
    expect(Math.abs(onnx.valid / cpu.valid - 1)).toBeLessThan(rounding);
    expect(Object.keys(onnx.state)).toEqual(Object.keys(cpu.state));
    for (const [path, { shape, values }] of Object.entries(onnx.state)) {
      expect(shape, path).toEqual(cpu.state[path]?.shape);
      // The low part of α's drift is what rounding leaves over: noise by design.
      if (path !== 'rule/drift/low') expect(worst(values, cpu.state[path]?.values ?? []), path).toBeLessThan(rounding);
    }
    expect(cpu.alpha.at(-1) === 0.01, 'α is learnt by the _hd methods alone').toBe(!method.endsWith('_hd'));
  });
});

it('gives the same numbers however many steps go into a call', async () => {
  const rule = updateRule('adam_hd', { alpha0: 0.01, beta: 1e-5, mu: 0.9, weightDecay: 1e-3 });
  const start = async () =>
    (await createEngine('onnx', { threads: 2, device: 0 })).start(
      program({ dataset, model: narrow, rule, parameters: narrow.init(mt19937(1)) }),
    );
  const rows = Int32Array.from({ length: steps * batchSize }, (_, i) => i);
  const [together, apart] = [await start(), await start()];
  const { loss } = await together.train(rows, batchSize);
  for (let step = 0; step < steps; step++) {
    const one = await apart.train(rows.subarray(step * batchSize, (step + 1) * batchSize), batchSize);
    expect(one.loss[0]).toBe(loss[step]);
  }
  expect(await apart.state()).toEqual(await together.state());
});

/** The largest difference, relative to the largest magnitude. */
function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, magnitude] = [0, 0];
  for (let i = 0; i < actual.length; i++) {
    difference = Math.max(difference, Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN)));
    magnitude = Math.max(magnitude, Math.abs(expected[i] ?? Number.NaN));
  }
  return magnitude === 0 ? difference : difference / magnitude;
}
