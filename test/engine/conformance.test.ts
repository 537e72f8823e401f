import { relu, reshape } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createEngine, type EngineName } from '../../src/engine/engines.js';
import { program, type Program } from '../../src/engine/program.js';
import { initLinear, linear } from '../../src/models/linear.js';
import type { Model, Values } from '../../src/models/model.js';
import { vggModel } from '../../src/models/vgg.js';
import { updateRule } from '../../src/optimizers/methods.js';
import { methods, specOf, type Method } from '../../src/optimizers/table.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { datasetOf, randomImages } from '../images.js';
import { softwareVulkan } from '../vulkan.js';

const steps = 24;
const batchSize = 16;

/** Two layers and a ReLU on 6x6 images: everything that logreg and mlp are made of, in small. */
const narrowMlp: Model = {
  validationBatch: 20,
  init: (source) => ({
    parameters: { ...initLinear(source, 'lin1', 36, 12), ...initLinear(source, 'lin2', 12, 10) },
    buffers: {},
  }),
  forward: ({ parameters, buffers }, images) => ({
    logits: linear(parameters, 'lin2', relu(linear(parameters, 'lin1', reshape(images, [-1, 36])))),
    buffers,
  }),
};

/** Maps of 8x8, 4x4 and 2x2: a convolution of each kind, with batch norm, pool and dropout. */
const narrowVgg = vggModel({ layers: [8, 'pool', 8, 16, 'pool', 16, 'pool'], batchNorm: true, hidden: 16 });

const randomDataset = (imageShape: readonly number[]) =>
  datasetOf(imageShape, randomImages(steps * batchSize, imageShape, 3), randomImages(50, imageShape, 4));

const source = mt19937(5);
const masks = Object.fromEntries(
  Object.entries(narrowVgg.masks ?? {}).map(([name, [size = 0]]) => [
    name,
    Uint8Array.from({ length: steps * batchSize * size }, () => source.next() & 1),
  ]),
);

async function trained(engine: EngineName, model: Model, method: Method, order?: 'paper') {
  const rule = updateRule(method, {
    alpha0: 0.01,
    beta: method === 'adam_hd' ? 1e-5 : 1e-3,
    mu: 0.9,
    weightDecay: 1e-3,
    ...(order && { order }),
  });
  const runner = await (
    await createEngine(engine, { threads: 1, device: 0 })
  ).start(
    program({
      dataset: randomDataset(model === narrowVgg ? [8, 8, 3] : [6, 6]),
      model,
      rule,
      variables: model.init(mt19937(1)),
      batchSizes: [batchSize, batchSize - 3],
    }),
  );
  const rows = Int32Array.from({ length: steps * batchSize }, (_, i) => i);
  const samples = (from: number, to: number, size: number) =>
    runner.train({
      rows: rows.subarray(from, to),
      batchSize: size,
      masks: Object.fromEntries(
        Object.entries(model.masks ?? {}).map(([name, [width = 0]]) => [
          name,
          masks[name]?.subarray(from * width, to * width) ?? new Uint8Array(),
        ]),
      ),
    });
  // In two calls of different lengths, and a last step on a smaller batch.
  const first = await samples(0, 5 * batchSize, batchSize);
  const second = await samples(5 * batchSize, (steps - 1) * batchSize, batchSize);
  const third = await samples((steps - 1) * batchSize, steps * batchSize - 3, batchSize - 3);
  const calls = [first, second, third];
  const result = {
    loss: calls.flatMap(({ loss }) => [...loss]),
    alpha: calls.flatMap(({ alpha }) => [...alpha]),
    learned: Object.fromEntries(
      Object.keys(first.learned).map((symbol) => [symbol, calls.flatMap(({ learned }) => [...learned[symbol]!])]),
    ),
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
    const onnx = await trained('onnx', narrowMlp, method, order);
    const cpu = await trained('cpu', narrowMlp, method, order);
    expect(onnx.loss).toHaveLength(steps);
    expect(worst(onnx.loss, cpu.loss)).toBeLessThan(rounding);
    expect(worst(onnx.alpha, cpu.alpha)).toBeLessThan(rounding);
    expect(worst(onnx.valid.loss, cpu.valid.loss)).toBeLessThan(rounding);
    expect(onnx.valid.correct).toEqual(cpu.valid.correct);
    expect(Object.keys(onnx.state)).toEqual(Object.keys(cpu.state));
    for (const [path, { shape, values }] of Object.entries(onnx.state)) {
      expect(shape, path).toEqual(cpu.state[path]?.shape);
      // The low part of α's drift is what rounding leaves over: noise by design.
      if (!path.endsWith('drift/low'))
        expect(worst(values, cpu.state[path]?.values ?? []), path).toBeLessThan(rounding);
    }
    expect(cpu.alpha.at(-1) === 0.01, 'α is learnt by those methods alone that say so').toBe(
      specOf(method).learns.startsWith('nothing'),
    );
    expect(Object.keys(onnx.learned)).toEqual(Object.keys(cpu.learned));
    for (const [symbol, values] of Object.entries(onnx.learned)) {
      expect(worst(values, cpu.learned[symbol] ?? []), symbol).toBeLessThan(rounding);
    }
  });
});

it('gives the same numbers however many steps go into a call', async () => {
  const rule = updateRule('adam_hd', { alpha0: 0.01, beta: 1e-5, mu: 0.9, weightDecay: 1e-3 });
  const start = async () =>
    (await createEngine('onnx', { threads: 2, device: 0 })).start(
      program({
        dataset: randomDataset([6, 6]),
        model: narrowMlp,
        rule,
        variables: narrowMlp.init(mt19937(1)),
        batchSizes: [batchSize],
      }),
    );
  const rows = Int32Array.from({ length: steps * batchSize }, (_, i) => i);
  const [together, apart] = [await start(), await start()];
  const { loss } = await together.train({ rows, batchSize });
  for (let step = 0; step < steps; step++) {
    const one = await apart.train({ rows: rows.subarray(step * batchSize, (step + 1) * batchSize), batchSize });
    expect(one.loss[0]).toBe(loss[step]);
  }
  expect(await apart.state()).toEqual(await together.state());
});

describe('a narrow VGG', () => {
  it('is the same by Winograd products and by plain convolutions', async () => {
    const onnx = await trained('onnx', narrowVgg, 'sgd_hd');
    const cpu = await trained('cpu', narrowVgg, 'sgd_hd');
    // F(4, 3) rounds two to five times as much as a direct convolution (5e-6 was seen).
    const tolerance = 2 * rounding;
    expect(worst(onnx.loss, cpu.loss)).toBeLessThan(tolerance);
    expect(worst(onnx.alpha, cpu.alpha)).toBeLessThan(tolerance);
    expect(worst(onnx.valid.loss, cpu.valid.loss)).toBeLessThan(tolerance);
    expect(onnx.valid.correct).toEqual(cpu.valid.correct);
    for (const [path, { values }] of Object.entries(onnx.state)) {
      if (!path.endsWith('drift/low'))
        expect(worst(values, cpu.state[path]?.values ?? []), path).toBeLessThan(tolerance);
    }
    const statistics = cpu.state['buffers/features.1.running_var']?.values ?? [];
    expect(Math.min(...statistics), 'the running statistics move').toBeLessThan(0.9);
  });
});

// On a software driver of Vulkan, whose shaders take a second or two to compile for each method.
describe.skipIf(!softwareVulkan())('the engine webgpu', () => {
  it('is the same as the onnx engine, to float32 rounding', async () => {
    const webgpu = await trained('webgpu', narrowMlp, 'adam_hd');
    const onnx = await trained('onnx', narrowMlp, 'adam_hd');
    expect(worst(webgpu.loss, onnx.loss)).toBeLessThan(rounding);
    expect(worst(webgpu.alpha, onnx.alpha)).toBeLessThan(rounding);
    expect(worst(webgpu.valid.loss, onnx.valid.loss)).toBeLessThan(rounding);
    expect(webgpu.valid.correct).toEqual(onnx.valid.correct);
    expect(Object.keys(webgpu.state)).toEqual(Object.keys(onnx.state));
    for (const [path, { shape, values }] of Object.entries(webgpu.state)) {
      expect(shape, path).toEqual(onnx.state[path]?.shape);
      if (path !== 'rule/drift/low') expect(worst(values, onnx.state[path]?.values ?? []), path).toBeLessThan(rounding);
    }
  });

  it("goes on from another engine's state", async () => {
    const start = async (engine: EngineName, state?: Readonly<Record<string, Values>>) =>
      (await createEngine(engine, { threads: 1, device: 0 })).start(
        program({
          dataset: randomDataset([6, 6]),
          model: narrowMlp,
          rule: updateRule('sgdn_hd', { alpha0: 0.01, beta: 1e-3, mu: 0.9, weightDecay: 1e-3 }),
          variables: narrowMlp.init(mt19937(1)),
          batchSizes: [batchSize],
        }),
        { state },
      );
    const rows = Int32Array.from({ length: 4 * batchSize }, (_, i) => i);
    const [first, second] = [rows.subarray(0, 2 * batchSize), rows.subarray(2 * batchSize)];
    const onnx = await start('onnx');
    await onnx.train({ rows: first, batchSize });
    const webgpu = await start('webgpu', await onnx.state());
    expect(await webgpu.state()).toEqual(await onnx.state());
    const expected = await onnx.train({ rows: second, batchSize });
    const seen = await webgpu.train({ rows: second, batchSize });
    expect(worst(seen.loss, expected.loss)).toBeLessThan(rounding);
    expect(worst(seen.alpha, expected.alpha)).toBeLessThan(rounding);
    await onnx.dispose();
    await webgpu.dispose();
  });

  it('says why another card cannot be chosen', async () => {
    const engine = await createEngine('webgpu', { threads: 1, device: 1 });
    expect(() => engine.start({} as Program)).toThrow(/--device 1: the engine webgpu takes the card/);
  });
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
