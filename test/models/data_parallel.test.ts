import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/data/dataset.js';
import { createEngine, type EngineName } from '../../src/engine/engines.js';
import { program } from '../../src/engine/program.js';
import { dataParallel } from '../../src/models/data_parallel.js';
import type { Model } from '../../src/models/model.js';
import { vggModel } from '../../src/models/vgg.js';
import { updateRule } from '../../src/methods/rule.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { datasetOf, randomImages } from '../images.js';

const count = 8;
const imageShape = [8, 8, 3];
const model = vggModel({ layers: [8, 'pool', 8, 'pool', 8, 'pool'], batchNorm: true, hidden: 8 });
const dataset = datasetOf(imageShape, randomImages(count, imageShape, 2));
const source = mt19937(3);
const masks = Object.fromEntries(
  Object.entries(model.masks ?? {}).map(([name, shape]) => [
    name,
    Uint8Array.from({ length: count * sizeOf(shape) }, () => source.next() & 1),
  ]),
);

/** The loss of one step of SGD with α = 1 on some rows, how the parameters moved, and the buffers after it. */
async function step(trained: Model, from: number, to: number, engine: EngineName = 'cpu') {
  const variables = trained.init(mt19937(1));
  const before = Object.fromEntries(
    Object.entries(variables.parameters).map(([name, { values }]) => [`parameters/${name}`, values.slice()]),
  );
  const rule = updateRule('sgd', { alpha0: 1, beta: 0, mu: 0, weightDecay: 0 });
  const runner = await (
    await createEngine(engine, { threads: 1, device: 0 })
  ).start(program({ dataset, model: trained, rule, variables, batchSizes: [to - from] }));
  const { loss } = await runner.train({
    rows: Int32Array.from({ length: to - from }, (_, i) => from + i),
    batchSize: to - from,
    masks: Object.fromEntries(
      Object.entries(masks).map(([name, mask]) => [
        name,
        mask.subarray((from * mask.length) / count, (to * mask.length) / count),
      ]),
    ),
  });
  const state = Object.entries(await runner.state());
  await runner.dispose();
  const moves = state.flatMap(([path, { values }]) => [...values].map((value, i) => value - (before[path]?.[i] ?? 0)));
  return {
    loss: loss[0] ?? Number.NaN,
    moves: moves.slice(
      0,
      Object.values(before).reduce((sum, { length }) => sum + length, 0),
    ),
    running: state.filter(([path]) => path.startsWith('buffers/')).map(([, { values }]) => [...values]),
  };
}

/** Sums of some hundred float32 terms of either sign, in another order. */
const rounding = 5e-6;

describe('data parallel training', () => {
  it('is the mean of the replicas, each with statistics of its own', async () => {
    const whole = await step(dataParallel(model, 2), 0, 8);
    const [left, right] = [await step(model, 0, 4), await step(model, 4, 8)];
    expect(whole.loss).toBeCloseTo((left.loss + right.loss) / 2, 6);
    expect(whole.moves).toHaveLength(left.moves.length);
    const largest = Math.max(...whole.moves.map(Math.abs));
    for (const [i, move] of whole.moves.entries()) {
      expect(Math.abs(move - (left.moves[i]! + right.moves[i]!) / 2)).toBeLessThan(rounding * largest);
    }
    expect(whole.running, "the first replica's running statistics").toEqual(left.running);
  });

  it('cuts as torch.chunk does', async () => {
    // Seven images for three replicas: 3, 3 and 1.
    const whole = await step(dataParallel(model, 3), 0, 7);
    const parts = [await step(model, 0, 3), await step(model, 3, 6), await step(model, 6, 7)];
    const mean = parts.reduce((sum, { loss }, i) => sum + (loss * [3, 3, 1][i]!) / 7, 0);
    expect(whole.loss).toBeCloseTo(mean, 6);
    // Two for three: one each, for two of them.
    expect((await step(dataParallel(model, 3), 0, 2)).loss).toBeCloseTo(
      ((await step(model, 0, 1)).loss + (await step(model, 1, 2)).loss) / 2,
      6,
    );
  });

  it('is the same on the onnx engine', async () => {
    const onnx = await step(dataParallel(model, 3), 0, 7, 'onnx');
    const cpu = await step(dataParallel(model, 3), 0, 7);
    // F(4, 3) rounds two to five times as much as a direct convolution (4.5e-7 was seen).
    expect(Math.abs(onnx.loss / cpu.loss - 1)).toBeLessThan(2 * rounding);
    const largest = Math.max(...cpu.moves.map(Math.abs));
    for (const [i, move] of onnx.moves.entries()) {
      expect(Math.abs(move - cpu.moves[i]!)).toBeLessThan(2 * rounding * largest);
    }
  });

  it('is not what one replica does', async () => {
    const [one, two] = [await step(model, 0, 8), await step(dataParallel(model, 2), 0, 8)];
    expect(Math.abs(two.loss - one.loss)).toBeGreaterThan(1e-3);
  });
});
