import { describe, expect, it } from 'vitest';
import { loadMnist } from '../../src/data/mnist.js';
import { reduced } from '../../src/data/reduced.js';
import { onnxEngine } from '../../src/engine/onnx/engine.js';
import { tfjsEngine } from '../../src/engine/tfjs/engine.js';
import type { Row } from '../../src/results/row.js';
import { train, trainTogether, type OwnOptions, type SharedOptions, type Snapshot } from '../../src/training/train.js';

const shared: SharedOptions = {
  ...({ model: 'logreg', method: 'adam_hd', seed: 3, batchSize: 128, epochs: 3, iterations: 0 } as const),
  ...{ lossThreshold: 0, dataset: reduced(loadMnist().dataset, 60), engine: onnxEngine() },
};
const own: OwnOptions = { alpha0: 1e-3, beta: 1e-4, mu: 0.9, weightDecay: 1e-4 };

/** The rows of each run, and where all were after each stretch. */
async function followed(runs: readonly OwnOptions[], options = shared) {
  const rows: Row[][] = runs.map(() => []);
  const stops: { after: number; snapshots: Snapshot[] }[] = [];
  for await (const stretches of trainTogether(runs, options)) {
    for (const [i, stretch] of stretches.entries()) rows[i]!.push(...stretch.rows);
    const snapshots = await Promise.all(
      stretches.map(async ({ position, state }) => {
        const copy = structuredClone(await state());
        return { position, state: () => Promise.resolve(copy) };
      }),
    );
    stops.push({ after: rows[0]!.length, snapshots });
  }
  return { rows, stops };
}

async function alone(run: OwnOptions, options = shared): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const stretch of train({ ...options, ...run })) rows.push(...stretch.rows);
  return rows;
}

const figures = ['loss', 'lossEpoch', 'validLossEpoch', 'validAccuracy', 'alpha', 'alphaEpoch'] as const;

/** Within 1e-5: products add their terms up in another order. */
function expectSame(actual: readonly Row[], expected: readonly Row[]): void {
  expect(actual.map(({ epoch, iteration, beta }) => [epoch, iteration, beta])).toEqual(
    expected.map(({ epoch, iteration, beta }) => [epoch, iteration, beta]),
  );
  for (const [i, row] of actual.entries()) {
    for (const name of figures) {
      const [a = NaN, b = NaN] = [row[name], expected[i]![name]];
      if (a !== b && !(Number.isNaN(a) && Number.isNaN(b))) {
        expect(Math.abs(a - b), `${name} of row ${i}`).toBeLessThanOrEqual(1e-5 * Math.abs(b));
      }
    }
  }
}

const rates = [
  { alpha0: 1e-3, beta: 1e-4 },
  { alpha0: 1e-4, beta: 1e-4 }, // one of its numbers twice
  { alpha0: 1e-2, beta: 1e-6, mu: 0.5, weightDecay: 1e-3 },
];

describe('runs that are trained together have the rows that they have alone', () => {
  const methods = ['sgd', 'sgd_hd', 'sgdn', 'sgdn_hd', 'adam', 'adam_hd'] as const;
  const options: [string, Partial<SharedOptions>, Partial<OwnOptions>][] = [
    ...methods.map((method): (typeof options)[number] => [method, { method }, {}]),
    ['the order of the paper', {}, { order: 'paper' }],
    ['clip and lower bound', {}, { clip: 0.01, lowerBound: 1e-5 }],
    ['multiplicative', { method: 'sgdn_hd' }, { multiplicative: true }],
    ['momentum of the hypergradient', { method: 'sgd_hd' }, { hypergradOptimizer: 'momentum' }],
    ['no weight decay', {}, { weightDecay: 0 }],
    ['tall batches and a shorter last one', { batchSize: 600, method: 'sgd_hd' }, {}],
    ['iterations', { iterations: 6, epochs: 0 }, {}],
  ];
  it.each(options)('%s', async (_, ofAll, ofEach) => {
    const runs = rates.map((some) => ({ ...own, ...some, ...ofEach }));
    const all = { ...shared, ...ofAll };
    const { rows } = await followed(runs, all);
    for (const [i, run] of runs.entries()) expectSame(rows[i]!, await alone(run, all));
  });

  it('on an engine that takes one after the other', async () => {
    const options = { ...shared, engine: tfjsEngine('cpu'), batchSize: 500, epochs: 1 };
    const runs = rates.map((some) => ({ ...own, ...some }));
    const { rows } = await followed(runs, options);
    for (const [i, run] of runs.entries()) expectSame(rows[i]!, await alone(run, options));
  });
});

it.each(['adam_hd', 'sgdn_hd', 'adam'] as const)('as many as make large operators, %s', async (method) => {
  const runs = Array.from({ length: 12 }, (_, i) => ({
    ...own,
    alpha0: 10 ** -(2 + i / 4),
    beta: i === 5 ? 1e38 : 1e-5,
  }));
  const all = { ...shared, method, epochs: 1 };
  const { rows } = await followed(runs, all);
  for (const i of [0, 4, 5, 11]) expectSame(rows[i]!, await alone(runs[i]!, all));
});

it('a run that diverges goes on with nan, and the others hear nothing of it', async () => {
  const runs = [own, { ...own, beta: 1e38 }, { ...own, alpha0: 1e-2 }];
  const { rows } = await followed(runs);
  expect(rows[1]!.at(-1)).toMatchObject({ loss: NaN, alpha: NaN, validLossEpoch: NaN });
  expectSame(rows[1]!, await alone(runs[1]!));
  for (const i of [0, 2]) expectSame(rows[i]!, await alone(runs[i]!));
});

describe('where they were, runs go on', () => {
  const runs = rates.map((some) => ({ ...own, ...some }));

  it('alone, and together', async () => {
    const whole = await followed(runs);
    const { after, snapshots } = whole.stops[Math.floor(whole.stops.length / 2)]!;
    const rest = whole.rows.map((rows) => rows.slice(after));
    const again = await followed(runs.map((run, i) => ({ ...run, from: snapshots[i] })));
    for (const [i, run] of runs.entries()) {
      expect(again.rows[i]!.map((row) => ({ ...row, time: 0 }))).toEqual(rest[i]!.map((row) => ({ ...row, time: 0 })));
      expectSame(await alone({ ...run, from: snapshots[i] }), rest[i]!);
    }
  });

  it('only where all were as far', async () => {
    const { stops } = await followed(runs);
    const from = [stops[1]!.snapshots[0]!, stops.at(-1)!.snapshots[1]!];
    const [a, b] = runs as [OwnOptions, OwnOptions];
    await expect(
      followed([
        { ...a, from: from[0] },
        { ...b, from: from[1] },
      ]),
    ).rejects.toThrow('begin at the same step');
    await expect(followed([{ ...a, from: from[0] }, b])).rejects.toThrow('begin at the same step');
  });
});
