import { relu, reshape } from '@tensorflow/tfjs-core';
import { createEngine, type EngineName } from '../../src/engine/engines.js';
import { program } from '../../src/engine/program.js';
import { initLinear, linear } from '../../src/models/linear.js';
import type { Model } from '../../src/models/model.js';
import { vggModel } from '../../src/models/vgg.js';
import { updateRule } from '../../src/methods/rule.js';
import type { Method } from '../../src/methods/table.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { datasetOf, randomImages } from '../images.js';

export const steps = 24;
export const batchSize = 16;

/** Two layers and a ReLU on 6x6 images: everything that logreg and mlp are made of, in small. */
export const narrowMlp: Model = {
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
export const narrowVgg = vggModel({ layers: [8, 'pool', 8, 16, 'pool', 16, 'pool'], batchNorm: true, hidden: 16 });

export const randomDataset = (imageShape: readonly number[]) =>
  datasetOf(imageShape, randomImages(steps * batchSize, imageShape, 3), randomImages(50, imageShape, 4));

const source = mt19937(5);
const masks = Object.fromEntries(
  Object.entries(narrowVgg.masks ?? {}).map(([name, [size = 0]]) => [
    name,
    Uint8Array.from({ length: steps * batchSize * size }, () => source.next() & 1),
  ]),
);

export async function trained(
  engine: EngineName,
  model: Model,
  method: Method,
  order?: 'paper',
  beta = method === 'adam_hd' ? 1e-5 : 1e-3,
) {
  const rule = updateRule(method, {
    alpha0: 0.01,
    beta,
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
export const rounding = 5e-6;

/** The largest difference, relative to the largest magnitude, or to a given one. */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>, given?: number): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < actual.length; i++) {
    difference = Math.max(difference, Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN)));
    largest = Math.max(largest, Math.abs(expected[i] ?? Number.NaN));
  }
  const magnitude = given ?? largest;
  return magnitude === 0 ? difference : difference / magnitude;
}
