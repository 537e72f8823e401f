import { existsSync } from 'node:fs';
import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createEngine, type EngineName } from '../../src/engine/engines.js';
import type { EngineStatus } from '../../src/engine/status.js';
import { program } from '../../src/engine/program.js';
import { updateRule } from '../../src/optimizers/methods.js';
import { publishedMethods } from '../../src/optimizers/table.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { hypergrad } from '../cli/hypergrad.js';
import { batchSize, narrowMlp, narrowVgg, randomDataset, rounding, trained, worst } from './trained.js';

/** Whether this machine has a card of NVIDIA's, and an engine that computes on it. */
export async function hasCardFor(name: EngineName): Promise<boolean> {
  if (!['/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path))) return false;
  const { stdout } = await hypergrad(['engines', '--json']);
  return (JSON.parse(stdout) as EngineStatus[]).some((engine) => engine.name === name && engine.ready);
}

/** Tests that an engine which not every machine has agrees with the one that comes along. */
export function agreesWithOnnx(engine: EngineName, ready: boolean): void {
  const unready = 'not ready here: npx hypergrad engines tells what it lacks';
  describe.skipIf(!ready)(`the engine ${engine}${ready ? '' : ` (${unready})`}`, () => {
    it.each(publishedMethods)('is the same as the onnx engine, to float32 rounding: %s', async (method) => {
      await agree('narrow mlp', narrowMlp, method, rounding);
    });

    // Winograd products round two to five times as much as a direct convolution.
    it.each(publishedMethods)('is the same on a narrow VGG: %s', async (method) => {
      await agree('narrow vgg', narrowVgg, method, 2 * rounding);
    });

    it('keeps its tensors and its memory over 500 steps', async () => {
      const runner = await (
        await createEngine(engine, { threads: 1, device: 0 })
      ).start(
        program({
          dataset: randomDataset([6, 6]),
          model: narrowMlp,
          rule: updateRule('adam_hd', { alpha0: 0.001, beta: 1e-7, mu: 0.9, weightDecay: 1e-4 }),
          variables: narrowMlp.init(mt19937(1)),
          batchSizes: [batchSize],
        }),
      );
      const rows = Int32Array.from({ length: 10 * batchSize }, (_, i) => i);
      for (let i = 0; i < 10; i++) await runner.train({ rows, batchSize });
      const [tensors, resident] = [memory().numTensors, process.memoryUsage.rss()];
      for (let i = 0; i < 50; i++) await runner.train({ rows, batchSize });
      expect(memory().numTensors).toBe(tensors);
      // Node itself takes some on between two collections; a leak of the smallest tensors of a step would be as much.
      expect(process.memoryUsage.rss() - resident).toBeLessThan(60e6);
      await runner.dispose();
    });
  });

  async function agree(name: string, model: typeof narrowMlp, method: (typeof publishedMethods)[number], most: number) {
    const [own, onnx] = [await trained(engine, model, method), await trained('onnx', model, method)];
    expect(worst(own.loss, onnx.loss), `${name}: loss`).toBeLessThan(most);
    expect(worst(own.alpha, onnx.alpha), `${name}: α`).toBeLessThan(most);
    expect(worst(own.valid.loss, onnx.valid.loss), `${name}: validation`).toBeLessThan(most);
    expect(own.valid.correct).toEqual(onnx.valid.correct);
    expect(Object.keys(own.state)).toEqual(Object.keys(onnx.state));
    for (const [path, { shape, values }] of Object.entries(own.state)) {
      expect(shape, path).toEqual(onnx.state[path]?.shape);
      // The low part of α's drift is what rounding leaves over: noise by design.
      if (!path.endsWith('drift/low')) expect(worst(values, onnx.state[path]?.values ?? []), path).toBeLessThan(most);
    }
  }
}
