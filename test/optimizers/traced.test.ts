import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { createEngine, type EngineName } from '../../src/engine/engines.js';
import { program } from '../../src/engine/program.js';
import {
  adamHD,
  adamWHD,
  dog,
  elementRates,
  grouped,
  hdm,
  hypergradientDescent,
  hypergradOptimizers,
  momentum,
  prodigy,
  rated,
  scheduleFreeAdamW,
  scheduleFreeSGD,
  sgdHD,
  steepest,
  tunableAdamDirection,
  type UpdateRule,
} from '../../src/index.js';
import { logreg } from '../../src/models/logreg.js';
import { mt19937 } from '../../src/random/mt19937.js';

const [steps, batchSize] = [10, 8];
const { adam } = hypergradOptimizers;
const everySafeguard = { multiplicative: true, clip: 0.5, lowerBound: 0.0095, hypergradOptimizer: adam };

const rules: [string, UpdateRule][] = [
  ['lower bound', sgdHD({ alpha0: 0.01, beta: 1e-4, lowerBound: 0.00995 })],
  ['clipping', sgdHD({ alpha0: 0.01, beta: 1e-3, mu: 0.9, clip: 0.1 })],
  ['dampening', sgdHD({ alpha0: 0.01, beta: 1e-4, mu: 0.9, dampening: 0.5 })],
  ['multiplicative rule', adamHD({ alpha0: 0.01, beta: 0.02, multiplicative: true })],
  ['momentum for α', adamHD({ alpha0: 0.01, beta: 1e-5, hypergradOptimizer: hypergradOptimizers.momentum })],
  ['HDM', hdm({ alpha0: 0.01, beta: 1e-3 })],
  ['a tower', sgdHD({ alpha0: 0.01, beta: 1, hypergradOptimizer: rated(steepest, { alpha0: 1e-4, beta: 1e-7 }) })],
  ['learned momentum', sgdHD({ alpha0: 0.01, beta: 1e-4, mu: 0.9, tune: { mu: { beta: 1e-3 } } })],
  [
    'learned decays of Adam',
    hypergradientDescent(tunableAdamDirection({}), {
      alpha0: 0.01,
      beta: 1e-5,
      tune: { beta1: { beta: 1e-2 }, beta2: { beta: 1e-2 } },
    }),
  ],
  ['everything', adamWHD({ alpha0: 0.01, beta: 0.01, ...everySafeguard })],
];

describe('traced into an ONNX graph, a rule learns the same rates as on the cpu backend', () => {
  it.each(rules)('%s', async (_, rule) => {
    const traced = await rates('onnx', rule);
    const eager = await rates('cpu', rule);
    // Both compute in float32, and add up the 784 products of a logit in different orders.
    for (const [i, alpha] of eager.entries()) expect(Math.abs(traced[i]! / alpha - 1)).toBeLessThan(1e-5);
    expect(new Set(traced).size).toBeGreaterThan(2);
  });
});

it.each(['onnx', 'cpu'] as const)('a run that diverges keeps α where a safeguard is on: %s', async (engine) => {
  // The first step throws the parameters so far that every later gradient is NaN.
  const alpha = await rates(engine, sgdHD({ alpha0: 1e38, beta: 1e-4, lowerBound: 0 }));
  expect(alpha).toEqual(new Float64Array(steps).fill(1e38));
  expect((await rates(engine, sgdHD({ alpha0: 1e38, beta: 1e-4 }))).at(-1)).toBeNaN();
});

const others: [string, UpdateRule][] = [
  ['Prodigy', prodigy({ d0: 1e-3, biasCorrection: true, growthRate: 2 })],
  ['DoG', dog({ repsRel: 1e-2 })],
  ['L-DoG', grouped(dog({ repsRel: 1e-2 }))],
  ['Schedule-Free SGD', scheduleFreeSGD({ alpha0: 0.1, warmupSteps: 5, r: 1 })],
  ['Schedule-Free AdamW', scheduleFreeAdamW({ weightDecay: 0.1 })],
  ['a rate for each tensor', grouped(sgdHD({ alpha0: 0.01, beta: 1e-4 }))],
  ['a rate for each element', elementRates(steepest, { alpha0: 0.01, beta: 1e-3 })],
  [
    'guarded, and with Adam',
    elementRates(momentum({ mu: 0.9 }), {
      alpha0: 0.01,
      beta: 1e-3,
      clip: 1,
      lowerBound: 0.0095,
      hypergradOptimizer: adam,
    }),
  ],
];

describe('traced into an ONNX graph, any other rule trains as on the cpu backend', () => {
  it.each(others)('%s', async (_, rule) => {
    const [traced, eager] = [await trained('onnx', rule), await trained('cpu', rule)];
    // The losses pass on the rounding of every step before.
    for (const [i, loss] of eager.loss.entries()) expect(Math.abs(traced.loss[i]! / loss - 1)).toBeLessThan(1e-4);
  });
});

async function rates(name: EngineName, rule: UpdateRule): Promise<Float64Array> {
  return (await trained(name, rule)).alpha;
}

async function trained(name: EngineName, rule: UpdateRule) {
  const engine = await createEngine(name, { threads: 1, device: 0 });
  const variables = logreg.init(mt19937(1));
  const runner = await engine.start(program({ dataset, model: logreg, rule, variables, batchSizes: [batchSize] }));
  const rows = Int32Array.from({ length: steps * batchSize }, (_, i) => i);
  const figures = await runner.train({ rows, batchSize, masks: {} });
  await runner.dispose();
  return figures;
}

/** Noise, whose gradients oppose one another often enough to reach a bound. */
const dataset = ((count): Dataset => {
  const source = mt19937(2);
  const images = Uint8Array.from({ length: count * 784 }, () => source.next() & 255);
  const set = { images, labels: Uint8Array.from({ length: count }, (_, i) => i % 10), count };
  const normalised = { mean: [0.5], std: [0.5], augmented: false };
  return { name: 'noise', imageShape: [28, 28], classes: 10, ...normalised, train: set, test: set };
})(steps * batchSize);
