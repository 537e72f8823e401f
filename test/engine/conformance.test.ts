import { describe, expect, it } from 'vitest';
import { createEngine, type EngineName } from '../../src/engine/engines.js';
import { program, type Program } from '../../src/engine/program.js';
import type { Values } from '../../src/models/model.js';
import { updateRule } from '../../src/methods/rule.js';
import { methods, specOf, type Method } from '../../src/methods/table.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { softwareVulkan } from '../vulkan.js';
import { batchSize, narrowMlp, narrowVgg, randomDataset, rounding, steps, trained, worst } from './trained.js';

describe.each<[Method, 'paper' | undefined]>([
  ...methods.map((method) => [method, undefined] as [Method, undefined]),
  ['adam_hd', 'paper'],
])('%s (order: %s)', (method, order) => {
  it('is the same on the engines onnx and wasm and on tfjs cpu, to float32 rounding', async () => {
    const cpu = await trained('cpu', narrowMlp, method, order);
    expect(cpu.alpha.at(-1) === 0.01, 'α is learnt by those methods alone that say so').toBe(
      specOf(method).learns.startsWith('nothing'),
    );
    for (const engine of ['onnx', 'wasm'] as const) {
      const compiled = await trained(engine, narrowMlp, method, order);
      expect(compiled.loss).toHaveLength(steps);
      expect(worst(compiled.loss, cpu.loss)).toBeLessThan(rounding);
      expect(worst(compiled.alpha, cpu.alpha)).toBeLessThan(rounding);
      expect(worst(compiled.valid.loss, cpu.valid.loss)).toBeLessThan(rounding);
      expect(compiled.valid.correct).toEqual(cpu.valid.correct);
      expect(Object.keys(compiled.state)).toEqual(Object.keys(cpu.state));
      for (const [path, { shape, values }] of Object.entries(compiled.state)) {
        expect(shape, path).toEqual(cpu.state[path]?.shape);
        // The low part of α's drift is what rounding leaves over: noise by design.
        if (!path.endsWith('drift/low'))
          expect(worst(values, cpu.state[path]?.values ?? []), path).toBeLessThan(rounding);
      }
      expect(Object.keys(compiled.learned)).toEqual(Object.keys(cpu.learned));
      for (const [symbol, values] of Object.entries(compiled.learned)) {
        expect(worst(values, cpu.learned[symbol] ?? []), symbol).toBeLessThan(rounding);
      }
    }
  });
});

it.each(['onnx', 'wasm'] as const)('gives the same numbers however many steps go into a call: %s', async (engine) => {
  const rule = updateRule('adam_hd', { alpha0: 0.01, beta: 1e-5, mu: 0.9, weightDecay: 1e-3 });
  const start = async () =>
    (await createEngine(engine, { threads: 2, device: 0 })).start(
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
  await together.dispose();
  await apart.dispose();
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
