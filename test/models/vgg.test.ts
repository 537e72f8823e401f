import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ImageSet } from '../../src/data/dataset.js';
import { onnxEngine } from '../../src/engine/onnx/engine.js';
import { program } from '../../src/engine/program.js';
import type { Values } from '../../src/models/model.js';
import { models } from '../../src/models/models.js';
import { updateRule } from '../../src/methods/rule.js';
import { publishedMethods, type Method } from '../../src/methods/table.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { datasetOf, randomImages } from '../images.js';
import { publishedTable } from '../published.js';

interface Sampled {
  readonly norm: number;
  readonly stride: number;
  readonly entries: readonly number[];
}
type SampledTensors = Readonly<Record<string, Sampled>>;

interface Fixture {
  readonly batch: number;
  readonly steps: Record<
    'kept' | 'dropped',
    { readonly loss: number; readonly gradients: SampledTensors; readonly running: SampledTensors }
  >;
  readonly evaluated: Record<'initial' | 'running', readonly number[]>;
  readonly moved: Record<'sgd' | 'sgdn' | 'adam', SampledTensors>;
}

/** One step of vgg16_bn in PyTorch 1.13; scripts/vgg_fixture.py made it. */
const fixture = JSON.parse(readFileSync(new URL('../fixtures/vgg16_bn.json', import.meta.url), 'utf8')) as Fixture;

const model = models.vgg16_bn;
const imageShape = [32, 32, 3];
const dataset = datasetOf(imageShape, blockImages(fixture.batch));

/** Images of 8x8 blocks of 4x4 pixels, with some noise, as the fixture has them. */
function blockImages(count: number): ImageSet {
  const source = mt19937(11);
  const blocks = Uint8Array.from({ length: count * 8 * 8 * 3 }, () => source.next() & 0xe0);
  const images = Uint8Array.from({ length: count * 32 * 32 * 3 }, (_, i) => {
    const [channel, x, y, image] = [i % 3, Math.floor(i / 3) % 32, Math.floor(i / 96) % 32, Math.floor(i / 3072)];
    return blocks[((image * 8 + (y >> 2)) * 8 + (x >> 2)) * 3 + channel]! | (source.next() & 0x1f);
  });
  return { images, labels: Uint8Array.from({ length: count }, () => source.next() % 10), count };
}

function masks(kind: 'kept' | 'dropped'): Record<string, Uint8Array> {
  const coins = mt19937(12);
  const mask = () =>
    Uint8Array.from({ length: fixture.batch * 512 }, () => (kind === 'kept' ? 1 : coins.next() >>> 31));
  return { 'classifier.0': mask(), 'classifier.3': mask() };
}

/** The loss of the first step from seed 1, and the state before and after it. */
async function firstStep(method: Method, kind: 'kept' | 'dropped') {
  const rule = updateRule(method, { alpha0: 1e-3, beta: 1e-3, mu: 0.9, weightDecay: 1e-4 });
  const variables = model.init(mt19937(1));
  const before = Object.fromEntries(
    Object.entries(variables.parameters).map(([name, { values }]) => [name, values.slice()]),
  );
  const runner = await onnxEngine().start(program({ dataset, model, rule, variables, batchSizes: [fixture.batch] }));
  const rows = Int32Array.from({ length: fixture.batch }, (_, i) => i);
  const { loss } = await runner.train({ rows, batchSize: fixture.batch, masks: masks(kind) });
  const after = await runner.state();
  await runner.dispose();
  return { loss: loss[0] ?? Number.NaN, before, after };
}

/**
 * Adam's first step is the sign of the gradient. That is certain where the gradient is not within its own tolerance of
 * zero: a cosine of 0.9999 leaves an entry 1.4 % of the root mean square, of which this takes 3.5 times as much.
 */
function beyondRounding(gradient: readonly number[]): (entry: number) => boolean {
  const rootMeanSquare = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) / gradient.length);
  return (entry) => Math.abs(gradient[entry] ?? 0) > 0.05 * rootMeanSquare;
}

function compare(values: ArrayLike<number>, sample: Sampled, counts: (entry: number) => boolean = () => true) {
  const { norm, stride } = sample;
  const places = sample.entries.map((_, i) => i).filter(counts);
  const entries = places.map((i) => sample.entries[i]!);
  const sampled = places.map((i) => values[i * stride] ?? Number.NaN);
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  const length = Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));
  return {
    norm: Math.abs(length / norm - 1),
    cosine: product(sampled, entries) / Math.sqrt(product(sampled, sampled) * product(entries, entries)),
    largest: Math.max(...sampled.map((x, i) => Math.abs(x - (entries[i] ?? 0)))) / Math.max(...entries.map(Math.abs)),
  };
}

const valuesAt = (state: Readonly<Record<string, Values>>, path: string) => state[path]?.values ?? new Float32Array();

describe.each(['kept', 'dropped'] as const)("vgg16_bn's first step, all features %s", (kind) => {
  it("has PyTorch's loss, gradients and running statistics", async () => {
    const { loss, after } = await firstStep('sgd_hd', kind);
    const expected = fixture.steps[kind];
    expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-5);
    for (const [name, gradient] of Object.entries(expected.gradients)) {
      // SGD-HD keeps its last direction, which is the gradient with weight decay. One ReLU that falls on the other side
      // of zero moves an early layer's gradient by 5e-3 even between PyTorch's own float32 and float64.
      const { norm, cosine } = compare(valuesAt(after, `rule/q/${name}`), gradient);
      expect(norm, name).toBeLessThan(1e-2);
      expect(cosine, name).toBeGreaterThan(0.9999);
    }
    for (const [name, statistic] of Object.entries(expected.running)) {
      expect(compare(valuesAt(after, `buffers/${name}`), statistic).largest, name).toBeLessThan(1e-4);
    }
  });
});

it("evaluates as PyTorch does in float64, with the initial running statistics and with a step's", async () => {
  const rule = updateRule('sgd', { alpha0: 0, beta: 0, mu: 0.9, weightDecay: 0 });
  const variables = model.init(mt19937(1));
  const runner = await onnxEngine().start(program({ dataset, model, rule, variables, batchSizes: [fixture.batch] }));
  const { initial, running } = fixture.evaluated;
  const some = Int32Array.from(initial, (_, i) => i);
  const { loss: before } = await runner.evaluate('test', some);
  const rows = Int32Array.from({ length: fixture.batch }, (_, i) => i);
  await runner.train({ rows, batchSize: fixture.batch, masks: masks('kept') });
  const { loss: after } = await runner.evaluate('test', some);
  await runner.dispose();
  for (const [i, loss] of initial.entries()) expect(Math.abs((before[i] ?? Number.NaN) / loss - 1)).toBeLessThan(1e-5);
  for (const [i, loss] of running.entries()) expect(Math.abs((after[i] ?? Number.NaN) / loss - 1)).toBeLessThan(1e-5);
  expect(Math.abs(initial[0]! / running[0]! - 1), 'the running statistics matter').toBeGreaterThan(5e-5);
});

describe('untrained, vgg16_bn', () => {
  // With γ between 0 and 1, and running statistics of 0 and 1, hardly anything of an image reaches the classifier: over
  // CIFAR-10's training set the losses of a class differ by 2e-6 at most, as measured (standard deviations). So an image
  // of each class stands for all of them, and what is left are labels. This holds γ and the classifier; what holds the
  // convolutions is the first step.
  const photographs = 2e-6;

  it("has the published row 0's losses", async () => {
    const labels = Uint8Array.from({ length: 10 }, (_, label) => label);
    const classes = datasetOf(imageShape, { ...randomImages(10, imageShape, 1), labels });
    const rule = updateRule('sgd', { alpha0: 0, beta: 0, mu: 0.9, weightDecay: 0 });
    const variables = model.init(mt19937(1));
    const runner = await onnxEngine().start(program({ dataset: classes, model, rule, variables, batchSizes: [10] }));
    const { loss: losses } = await runner.evaluate('test', Int32Array.from(labels));
    await runner.dispose();

    // Of each class, CIFAR-10 has a thousand test images; and of the official training images, these are the classes of
    // the first 128 in the order of the pass that row 0 begins (which test/training/order.test.ts holds).
    const firstBatch = [12, 12, 14, 13, 18, 16, 10, 8, 7, 18];
    const mean = (counts: readonly number[]) =>
      counts.reduce((sum, count, label) => sum + count * (losses[label] ?? Number.NaN), 0) /
      counts.reduce((sum, count) => sum + count, 0);
    const runs = publishedTable().filter((run) => run.model === 'vgg');
    expect(runs).toHaveLength(6);
    for (const [row] of runs.map(({ rows }) => rows)) {
      expect(Math.abs(mean(firstBatch) - row!.loss)).toBeLessThan(photographs);
      expect(Math.abs(mean(Array<number>(10).fill(1000)) - row!.validLossEpoch)).toBeLessThan(photographs);
    }
  });
});

describe.each(publishedMethods)('%s', (method) => {
  it("moves vgg16_bn's parameters as PyTorch's arithmetic does", async () => {
    const { before, after } = await firstStep(method, 'dropped');
    const expected = fixture.moved[method.replace('_hd', '') as keyof Fixture['moved']];
    for (const [name, change] of Object.entries(expected)) {
      const moved = valuesAt(after, `parameters/${name}`).map((value, i) => value - (before[name]?.[i] ?? 0));
      const gradient = fixture.steps.dropped.gradients[name]!.entries;
      const { norm, cosine } = compare(moved, change, method.startsWith('adam') ? beyondRounding(gradient) : undefined);
      expect(norm, name).toBeLessThan(1e-2);
      expect(cosine, name).toBeGreaterThan(0.9999);
    }
  });
});
