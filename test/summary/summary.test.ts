import { csvParse } from 'd3-dsv';
import { expect, it } from 'vitest';
import { fromJson } from '../../src/results/json.js';
import { writeRecord } from '../../src/results/record.js';
import { outcomeSoFar } from '../../src/summary/outcome.js';
import { summarize } from '../../src/summary/summary.js';
import { summaryCsv, summaryJson, summaryTable } from '../../src/summary/table.js';
import { record } from '../record.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

/** A run whose losses fall by `step` an iteration, from 2: at its end, iteration 31, the validation is 1.1 times the loss. */
const falling = (step: number) => syntheticCsv({ loss: (iteration) => 2 - step * iteration });

function results(): string {
  const dir = temporaryFolder();
  const folder = 'mlp/+1e-03_+1e-07';
  for (const [seed, step] of [
    ['', 0.01],
    ['seed=2/', 0.02],
    ['seed=3/', 0.06],
    ['seed=4/', NaN],
    ['seed=5/', -0.01],
  ] as const) {
    writeCsv(dir, `${folder}/${seed}sgd.csv`, falling(step));
    const [, number = 1] = /(\d)/.exec(seed) ?? [];
    const final = { ...record.final, validAccuracy: 0.8 + step };
    const settings = { ...record.settings, seed: Number(number) };
    writeRecord(`${dir}/${folder}/${seed}sgd.json`, { ...record, settings, final, rows: { count: 31, sha256: null } });
  }
  writeCsv(dir, `${folder}/mu=0.5/adam.csv`, falling(0.01));
  writeCsv(dir, `${folder}/adam.csv.partial`, falling(0.01));
  return dir;
}

const summary = (reach: number | undefined, warnings: string[] = []) =>
  summarize({ dir: results(), reach, warn: (message) => void warnings.push(message) });

it('has mean and deviation over the seeds that have not diverged', () => {
  const warnings: string[] = [];
  const [sgd, adam, ...more] = summary(1.5, warnings);
  expect(more).toEqual([]);
  expect(warnings).toEqual(['1 of 7 runs have not finished; left out']);

  // Losses 2 − 31·step at the end: 1.69, 1.38 and 0.14; their mean is 1.07, the root of (0.62² + 0.31² + 0.93²) / 2 is 0.820183.
  expect(sgd).toMatchObject({
    model: 'mlp',
    method: 'sgd',
    rates: '+1e-03_+1e-07',
    alpha_0: 0.001,
    beta: 1e-7,
    runs: 5,
  });
  expect(sgd?.loss.count).toBe(3);
  expect(sgd?.loss.mean).toBeCloseTo(1.07, 12);
  expect(sgd?.loss.deviation).toBeCloseTo(0.820183, 6);
  expect(sgd?.validLoss.mean).toBeCloseTo(1.1 * 1.07, 12);
  expect(sgd?.bestValidLoss.mean).toBeCloseTo(1.1 * 1.07, 12);
  expect(sgd?.alpha).toMatchObject({ count: 3, mean: 0.001, deviation: 0 });
  expect(sgd?.validAccuracy.mean).toBeCloseTo(0.83, 12);
  // 2 − 0.02·25 = 1.5, and 2 − 0.06·9 = 1.46 is the first at most 1.5; with 0.01 it is never so low.
  expect(sgd?.reached).toMatchObject({ count: 2, mean: 17 });
  // NaN, and a loss that ends above where it began.
  expect(sgd?.diverged).toEqual(['4', '5']);

  expect(adam).toMatchObject({ method: 'adam', rates: '+1e-03_+1e-07/mu=0.5', runs: 1, diverged: [] });
  expect(adam?.loss).toMatchObject({ count: 1, deviation: NaN });
  expect(adam?.validAccuracy, 'no record tells').toMatchObject({ count: 0, mean: NaN });
});

it('is the same as table, CSV and JSON', () => {
  const settings = summary(1.5);
  const lines = summaryTable(settings, 1.5).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(
    /^mlp\/\+1e-03_\+1e-07\/sgd +5 +1\.0700 ± 0\.82 .* 83\.00 % ± 2\.65 % +17 ± 11 \(2 of 5\) {2}seed 4, 5$/,
  );
  expect(lines[2]).toMatch(/^mlp\/\+1e-03_\+1e-07\/mu=0\.5\/adam +1 +1\.6900 +1\.6900 +1\.8590 +1\.8590 +– +–$/);
  const [first, second] = csvParse(summaryCsv(settings));
  expect(first).toMatchObject({ method: 'sgd', runs: '5', diverged: '4 5', reached: '17', reachedRuns: '2' });
  expect(Number(first?.lossDeviation)).toBeCloseTo(0.820183, 6);
  expect(second).toMatchObject({ alpha_0: '0.001', lossDeviation: '', validAccuracy: '' });
  expect(fromJson(summaryJson(settings))).toEqual(settings);
});

it('tells the best epoch from the last', () => {
  const dir = temporaryFolder();
  // Epochs end at iterations 11, 21 and 31: the second is the best.
  const loss = (iteration: number) => 1 + (iteration - 21) ** 2 / 1000;
  writeCsv(dir, 'mlp/+1e-03_+1e-07/sgd.csv', syntheticCsv({ loss }));
  const [setting] = summarize({ dir, reach: undefined, warn: (message) => expect.fail(message) });
  expect(setting?.loss.mean).toBeCloseTo(1.1, 12);
  expect(setting?.bestLoss.mean).toBeCloseTo(1, 12);
  expect(setting?.validLoss.mean).toBeCloseTo(1.21, 12);
  expect(setting?.bestValidLoss.mean).toBeCloseTo(1.1, 12);
});

it('of a run that its loss ended, the iteration of that loss is the one after its last', () => {
  const dir = temporaryFolder();
  writeCsv(dir, 'mlp/+1e-03_+1e-07/lossThreshold=1.5/sgd.csv', falling(0.01));
  const settings = { ...record.settings, lossThreshold: 1.5, batchSize: 128, seed: 1, epochs: 5 };
  const ofRows = { ...record, settings, rows: { count: 31, sha256: null } };
  writeRecord(`${dir}/mlp/+1e-03_+1e-07/lossThreshold=1.5/sgd.json`, ofRows);
  const reached = (reach: number) => summarize({ dir, reach, warn: (message) => expect.fail(message) })[0]?.reached;
  expect(reached(1.5)).toMatchObject({ count: 1, mean: 32 });
  expect(reached(1.6)).toMatchObject({ mean: 32 });
  expect(reached(1.4)).toMatchObject({ count: 0 });
});

it('of nothing that has finished says so', () => {
  const dir = temporaryFolder();
  writeCsv(dir, 'mlp/+1e-03_+1e-07/sgd.csv.partial', falling(0.01));
  expect(() => summarize({ dir, reach: undefined, warn: () => undefined })).toThrow(/no run in .* can be read, of 1/);
});

it.each([
  [2.31, 2.2, false],
  [2.31, 2.4, true],
  [2.2, 2.4, false],
  [Infinity, 2.2, true],
])(
  'has diverged where both losses end above row 0: %d after 2.3, validation %d after 2.3: %j',
  (loss, valid, diverged) => {
    const row = { time: 0, alpha: 1e-3, alphaEpoch: 1e-3, beta: 1e-7 };
    const soFar = outcomeSoFar(undefined);
    soFar.add({ ...row, epoch: 0, iteration: 0, loss: 2.3, lossEpoch: 2.3, validLossEpoch: 2.3 });
    soFar.add({ ...row, epoch: 1, iteration: 2, loss, lossEpoch: loss, validLossEpoch: valid });
    expect(soFar.outcome(undefined).diverged).toBe(diverged);
  },
);
