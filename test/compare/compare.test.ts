import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareResults } from '../../src/compare/compare.js';
import { overlay } from '../../src/compare/overlay.js';
import { publishedRuns } from '../../src/compare/published.js';
import { comparisonJson, comparisonTable } from '../../src/compare/table.js';
import { runName } from '../../src/results/find.js';
import { writeRecord } from '../../src/results/record.js';
import { record } from '../record.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

const path = 'mlp/+1e-03_+1e-07/adam.csv';
const warn = (message: string) => {
  throw new Error(message);
};

describe('publishedRuns', () => {
  it('has the published figures', () => {
    const runs = publishedRuns();
    expect(runs).toHaveLength(17);
    const adamHD = runs.find((run) => runName(run) === 'logreg/+1e-03_+1e-07/adam_hd');
    expect(adamHD?.rows.slice(0, 3).map(({ iteration, alpha }) => [iteration, alpha])).toEqual([
      [0, 0.001],
      [2, 0.001],
      [3, 0.0010083777436611272],
    ]);
    expect(adamHD?.rows.at(-1)).toMatchObject({ epoch: 10, iteration: 4691 });
  });
});

describe('compareResults', () => {
  it("tells the accuracies, and what the runs' records do not have in common", () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    for (const [dir, settings, validAccuracy] of [
      [a, record.settings, 0.5],
      [b, { ...record.settings, alpha_0: 0.002, threads: 2 }, 0.75],
    ] as const) {
      writeCsv(dir, path, syntheticCsv());
      const [rows, final] = [
        { count: 31, sha256: null },
        { ...record.final, validAccuracy },
      ];
      writeRecord(join(dir, path.replace('.csv', '.json')), { ...record, settings, rows, final });
    }
    const comparison = compareResults({ a, b, tolerance: 0, warn });
    expect(comparison.runs[0]?.differences).toEqual([{ name: '--alpha_0', a: 0.001, b: 0.002 }]);
    const table = comparisonTable(comparison);
    expect(table).toMatch(/50\.00 % +75\.00 %$/m);
    expect(table).toMatch(/adam: --alpha_0 0\.001 \| 0\.002$/m);
  });

  it('finds a run equal to itself, and names where another deviates and who has what', () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    writeCsv(a, path, syntheticCsv());
    writeCsv(b, path, syntheticCsv({ epochs: 2, loss: (i) => (2.3 / (1 + i / 10)) * (i < 15 ? 1 : 1 / 1.02) }));
    writeCsv(b, 'mlp/+1e-03_+1e-03/sgd.csv', syntheticCsv());

    const same = compareResults({ a, b: a, tolerance: 0, warn });
    expect(same.withinTolerance).toBe(true);
    expect(same.runs[0]?.rows).toBe(31);

    const warnings: string[] = [];
    const other = compareResults({ a, b, tolerance: 1e-5, warn: (message) => warnings.push(message) });
    expect(warnings).toEqual([
      "mlp/+1e-03_+1e-07/adam: 10 of A's 31 rows, the first of iteration 22, are not in B, and not compared",
    ]);
    expect(other.withinTolerance).toBe(false);
    expect(other.runs).toHaveLength(1);
    expect(other.onlyB).toEqual(['mlp/+1e-03_+1e-03/sgd']);
    const [run] = other.runs;
    expect(run?.rows).toBe(21);
    expect(run?.first?.iteration).toBe(15);
    // The files hold every digit: a few roundings of doubles.
    expect(run?.largest.loss?.deviation).toBeCloseTo(0.02, 12);
    expect([run?.final.a.epoch, run?.final.b.epoch]).toEqual([3, 2]);

    const table = comparisonTable(other);
    expect(table).toMatch(/mlp\/\+1e-03_\+1e-07\/adam +21 +2\.0e-2 +2\.0e-2 +0 +iteration 15 \(loss 2\.0e-2\)/);
    expect(table).toContain('Not all within 1e-5.');
    expect(JSON.parse(comparisonJson(other))).toMatchObject({ withinTolerance: false, runs: [{ rows: 21 }] });
  });

  it('tells of rows that a file cut at the end of a line, or with a gap, does not have', () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    const lines = syntheticCsv().split('\r\n');
    const warnings: string[] = [];
    const compared = (text: string) => {
      writeCsv(a, path, text);
      writeCsv(b, path, syntheticCsv());
      compareResults({ a, b, tolerance: 0, warn: (message) => warnings.push(message) });
      return warnings.splice(0);
    };
    expect(compared(lines.join('\r\n'))).toEqual([]);
    expect(compared(lines.slice(0, 5).concat('').join('\r\n'))).toEqual([
      expect.stringMatching(/: 27 of B's 31 rows, the first of iteration 5, are not in A, and not compared$/),
    ]);
    expect(compared(lines.toSpliced(5, 2).join('\r\n'))).toEqual([
      expect.stringMatching(/: 2 of B's 31 rows, the first of iteration 5, are not in A/),
    ]);
    expect(compared(lines.map((line) => line.replace(/^3,31,/, '3,32,')).join('\r\n'))).toHaveLength(2);
  });

  it('says what both have where they share nothing', () => {
    const dir = temporaryFolder();
    writeCsv(dir, path.replace('mlp', 'cnn'), syntheticCsv());
    expect(() => compareResults({ a: dir, b: 'published', tolerance: 1, warn })).toThrow(
      /no run in common: .* has cnn\/\+1e-03_\+1e-07\/adam; published has logreg.* and 14 more/,
    );
  });

  it('draws one over the other', async () => {
    const dir = temporaryFolder();
    writeCsv(dir, path, syntheticCsv());
    const figures = overlay('ours', 'published', warn);
    // The published run is longer than ours.
    compareResults({ a: dir, b: 'published', tolerance: 1, warn: () => undefined, onPair: figures.add });
    const [written] = await figures.write(dir, ['svg']);
    expect(written).toBe(join(dir, 'compare_mlp.svg'));
    const svg = readFileSync(written ?? '', 'utf8');
    expect(svg).toContain('lines: ours; bands: published');
    // A band in each of three panels and two insets.
    expect(svg.match(/stroke-opacity="0\.35"/g)).toHaveLength(5);
  });

  const whole = process.env.HYPERGRAD_PUBLISHED;
  it.skipIf(!whole || !existsSync(whole))('finds the sampled figures equal to the whole files', () => {
    const { runs } = compareResults({ a: whole ?? '', b: 'published', tolerance: 0, warn });
    expect(runs).toHaveLength(17);
    for (const { run, first } of runs) expect(first, run).toBeUndefined();
  });
});
