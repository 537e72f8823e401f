import { describe, expect, it } from 'vitest';
import { wasmEngine } from '../../src/engine/wasm/engine.js';
import type { ModelName } from '../../src/models/models.js';
import type { Method } from '../../src/methods/table.js';
import type { Row } from '../../src/results/row.js';
import { publishedFile, publishedTable, type PublishedRow } from '../published.js';
import { rowsOf } from './helpers.js';

const table = publishedTable();

/** Trains as a published run was trained. */
function reproduced(model: ModelName, rates: string, method: Method, epochs: number, iterations = 0): Promise<Row[]> {
  const [alpha0, beta] = rates.split('_').map(Number) as [number, number];
  return rowsOf({ model, method, alpha0, beta, epochs, iterations });
}

/** The largest relative deviation of a figure; the rows must have it, and NaN, in the same places. */
function deviation(
  rows: readonly Row[],
  published: readonly PublishedRow[],
  figure: 'loss' | 'lossEpoch' | 'validLossEpoch',
) {
  return Math.max(
    ...published.map((expected) => {
      const actual = rowAt(rows, expected)[figure];
      expect(Number.isNaN(actual), `${figure} at ${expected.iteration}`).toBe(Number.isNaN(expected[figure]));
      return Number.isNaN(actual) ? 0 : Math.abs(actual / expected[figure] - 1);
    }),
  );
}

/** The largest deviation of α relative to its largest value: α may pass through 0. */
function rateDeviation(rows: readonly Row[], published: readonly PublishedRow[]): number {
  const scale = Math.max(...published.map(({ alpha }) => Math.abs(alpha)));
  const differences = published.flatMap((expected) => {
    const { alpha, alphaEpoch } = rowAt(rows, expected);
    const ofEpoch = Number.isNaN(expected.alphaEpoch) ? [] : [Math.abs(alphaEpoch - expected.alphaEpoch)];
    return [Math.abs(alpha - expected.alpha), ...ofEpoch];
  });
  return Math.max(...differences) / scale;
}

/** Rows are numbered 0, 2, 3, … */
function rowAt(rows: readonly Row[], { epoch, iteration, beta }: PublishedRow): Row {
  const row = rows[Math.max(0, iteration - 1)];
  if (!row) throw new Error(`there is no row for iteration ${iteration}`);
  expect(row).toMatchObject({ epoch, iteration, beta });
  return row;
}

// Both sides round a float32 sum of 784 terms an output; an independent float32 emulation was within 2.2e-6.
const exact = 1e-5;

describe.each(table.filter(({ model }) => model === 'logreg'))(
  'logreg $rates $method',
  ({ rates, method, rows: sampled }) => {
    it('is the published run, row for row, over ten epochs', async () => {
      const rows = await reproduced('logreg', rates, method as Method, 10);
      expect(rows).toHaveLength(4691);
      for (const published of [sampled, publishedFile('logreg', rates, method) ?? []]) {
        if (published.length === 0) continue;
        expect(deviation(rows, published, 'loss')).toBeLessThan(exact);
        expect(deviation(rows, published, 'lossEpoch')).toBeLessThan(exact);
        expect(deviation(rows, published, 'validLossEpoch')).toBeLessThan(exact);
        expect(rateDeviation(rows, published)).toBeLessThan(exact);
      }
    });
  },
);

// The one that parts soonest.
it.each(table.filter(({ model, method }) => model === 'logreg' && method === 'sgdn_hd'))(
  'logreg $rates $method is the published run on the engine wasm, too',
  async ({ rates, method, rows: published }) => {
    const [alpha0, beta] = rates.split('_').map(Number) as [number, number];
    const rows = await rowsOf({
      method: method as Method,
      alpha0,
      beta,
      epochs: 10,
      engine: wasmEngine({ threads: 1 }),
    });
    expect(deviation(rows, published, 'loss')).toBeLessThan(exact);
    expect(deviation(rows, published, 'lossEpoch')).toBeLessThan(exact);
    expect(deviation(rows, published, 'validLossEpoch')).toBeLessThan(exact);
    expect(rateDeviation(rows, published)).toBeLessThan(exact);
  },
);

// Two hidden layers of ReLUs: a unit that rounds to the other side of zero makes trajectories part. Adam amplifies that
// most (it divides by √v while v is still small), so it is held to its first ten rows.
describe.each([
  { method: 'sgd', iterations: 101, tolerance: 1e-5 },
  { method: 'sgd_hd', iterations: 51, tolerance: 1e-4 },
  { method: 'sgdn', iterations: 51, tolerance: 1e-5 },
  { method: 'sgdn_hd', iterations: 51, tolerance: 1e-4 },
  { method: 'adam', iterations: 11, tolerance: exact },
] as const)('mlp $method', ({ method, iterations, tolerance }) => {
  it(`is the published run up to iteration ${iterations}`, async () => {
    const run = table.find((other) => other.model === 'mlp' && other.method === method);
    if (!run) throw new Error('there is no such run in the table');
    const rows = await reproduced('mlp', run.rates, method, 1, iterations);
    const published = run.rows.filter(({ iteration }) => iteration <= iterations);
    expect(published.length).toBeGreaterThan(9);
    expect(deviation(rows, published, 'loss')).toBeLessThan(tolerance);
    expect(rateDeviation(rows, published)).toBeLessThan(tolerance);
    // The networks before the first step are the same, up to the rounding of one forward pass.
    expect(deviation(rows, published.slice(0, 1), 'validLossEpoch')).toBeLessThan(1e-6);
  });
});
