import { setBackend, tensor, tensor1d, type Tensor1D } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { onnxEngine } from '../../src/engine/onnx/engine.js';
import { program } from '../../src/engine/program.js';
import { adamHD, adamWHD, hypergradOptimizers, sgdHD, type UpdateRule } from '../../src/index.js';
import { plainLayers } from '../../src/models/layers/plain.js';
import { logreg } from '../../src/models/logreg.js';
import { mt19937 } from '../../src/random/mt19937.js';

const everySafeguard = { multiplicative: true, clip: 0.5, lowerBound: 0.0095 };
const rules: [string, UpdateRule][] = [
  ['lower bound', sgdHD({ alpha0: 0.01, beta: 1e-4, lowerBound: 0.00995 })],
  ['clipping', sgdHD({ alpha0: 0.01, beta: 1e-3, mu: 0.9, clip: 0.1 })],
  ['dampening', sgdHD({ alpha0: 0.01, beta: 1e-4, mu: 0.9, dampening: 0.5 })],
  ['multiplicative rule', adamHD({ alpha0: 0.01, beta: 0.02, multiplicative: true })],
  ['momentum for α', adamHD({ alpha0: 0.01, beta: 1e-5, hypergradOptimizer: hypergradOptimizers.momentum })],
  [
    'everything',
    adamWHD({ alpha0: 0.01, beta: 0.01, ...everySafeguard, hypergradOptimizer: hypergradOptimizers.adam }),
  ],
];

beforeAll(() => setBackend('cpu'));

describe('traced into an ONNX graph, a rule learns the same rates as on the cpu backend', () => {
  it.each(rules)('%s', async (_, rule) => {
    const [steps, batchSize] = [10, 8];
    const parts = { dataset: noise(steps * batchSize), model: logreg, rule, variables: logreg.init(mt19937(1)) };
    const traced = program(parts);
    const runner = await onnxEngine({ threads: 1 }).start(traced);
    const { alpha } = await runner.train({
      rows: Int32Array.from({ length: steps * batchSize }, (_, i) => i),
      batchSize,
    });
    await runner.dispose();

    const { images, labels } = parts.dataset.train;
    let state = traced.init({
      parameters: Object.fromEntries(
        Object.entries(parts.variables.parameters).map(([name, { shape, values }]) => [
          name,
          tensor(values, [...shape]),
        ]),
      ),
      buffers: {},
    });
    const expected = Array.from({ length: steps }, (_, i) => {
      const [from, to] = [i * batchSize, (i + 1) * batchSize];
      const pixels = tensor(Float32Array.from(images.subarray(from * 784, to * 784)), [batchSize, 28, 28]);
      const classes: Tensor1D = tensor1d(Int32Array.from(labels.subarray(from, to)), 'int32');
      const next = traced.step(state, { pixels, labels: classes, masks: {} }, plainLayers);
      state = next.state;
      const { high, low } = rule.drift!(next.state.rule);
      return rule.alpha0 + (high.dataSync()[0]! + low.dataSync()[0]!);
    });
    // Both compute in float32 and add up the 784 products of a logit in different orders.
    for (const [i, value] of expected.entries()) expect(Math.abs(alpha[i]! / value - 1)).toBeLessThan(1e-5);
    expect(new Set(alpha).size).toBeGreaterThan(2);
  });
});

/** Random images, whose gradients oppose one another often enough to reach a bound. */
function noise(count: number): Dataset {
  const source = mt19937(2);
  const images = Uint8Array.from({ length: count * 784 }, () => source.next() & 255);
  const set = { images, labels: Uint8Array.from({ length: count }, (_, i) => i % 10), count };
  return { name: 'noise', imageShape: [28, 28], classes: 10, mean: [0.5], std: [0.5], train: set, test: set };
}
