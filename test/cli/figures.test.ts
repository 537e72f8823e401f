import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';
import { hypergrad } from './hypergrad.js';

const path = 'mlp/+1e-03_+1e-07/adam.csv';

describe('plot', () => {
  it('prints the paths, warns on the other stream, writes PDF by default', async () => {
    const dir = temporaryFolder();
    writeCsv(dir, path, syntheticCsv());
    writeCsv(dir, path.replace('adam', 'sgd'), '');
    const plotDir = join(dir, 'plots');
    const { code, stdout, stderr } = await hypergrad(['plot', '--dir', dir, '--plotDir', plotDir]);
    expect(stdout).toBe(`${join(plotDir, 'mlp.pdf')}\n`);
    expect(stderr).toMatch(/^warning: .*sgd\.csv: the file is empty.*\n$/);
    expect(code).toBe(0);
    await hypergrad(['plot', '--dir', dir, '--plotDir', plotDir, '--format', 'png,svg']);
    expect(readdirSync(plotDir).sort()).toEqual(['mlp.pdf', 'mlp.png', 'mlp.svg']);
    const wrong = await hypergrad(['plot', '--format', 'jpg']);
    expect(wrong.stderr).toMatch(/'jpg' is invalid\. Did you mean png\? It takes one of pdf, png, svg\.\n$/);
    expect(wrong.code).toBe(2);
  });
});

describe('plot --grid', () => {
  it('prints the paths, and says what it lacks', async () => {
    const dir = temporaryFolder();
    writeCsv(dir, path, syntheticCsv());
    const grid = ['plot', '--grid', '--dir', dir, '--plotDir', join(dir, 'plots'), '--format', 'svg'];
    expect(await hypergrad(grid)).toEqual({ code: 0, stdout: `${join(dir, 'plots', 'mlp_grid.svg')}\n`, stderr: '' });
    for (const [args, message] of [
      [[...grid, '--figure', 'reached'], /^error: .*give --reach, as --reach 0\.29\.\n$/],
      [[...grid, '--reach', '0.5'], /^error: --reach is about --figure reached/],
      [[...grid, '--facet'], /^error: --rates and --facet are about curves/],
      [['plot', '--figure', 'loss'], /^error: --figure and --reach are about heat maps/],
      [[...grid, '--figure', 'los'], /Did you mean loss\?/],
    ] as const) {
      const { code, stderr } = await hypergrad(args);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
  });
});

describe('compare', () => {
  it('exits with 1 past the tolerance and not within it', async () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    writeCsv(a, path, syntheticCsv());
    writeCsv(b, path, syntheticCsv({ alpha: () => 0.00101 }));
    expect((await hypergrad(['compare', a, b, '--tolerance', '0.02'])).code).toBe(0);
    const { code, stdout } = await hypergrad(['compare', a, b, '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ tolerance: 1e-5, withinTolerance: false });
    const wrong = await hypergrad(['compare', a, b, '--tolerance', '0x1']);
    expect(wrong.stderr).toMatch(/--tolerance.*'0x1' is invalid\. It takes a number, 0 or larger/);
    expect(wrong.code).toBe(2);
  });

  it('exits with 1 where a run that both have cannot be read, though all others agree', async () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    for (const dir of [a, b]) writeCsv(dir, path, syntheticCsv());
    writeCsv(a, path.replace('adam', 'sgd'), syntheticCsv());
    writeCsv(b, path.replace('adam', 'sgd'), 'broken');
    const { code, stdout, stderr } = await hypergrad(['compare', a, b, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ withinTolerance: true, leftOut: ['mlp/+1e-03_+1e-07/sgd'] });
    expect(stderr).toMatch(/sgd\.csv: no column Epoch/);
    expect(code).toBe(1);
  });
});

describe('summary', () => {
  it('prints a table, CSV or JSON, and warns on the other stream', async () => {
    const dir = temporaryFolder();
    writeCsv(dir, path, syntheticCsv());
    writeCsv(dir, `${path.replace('adam', 'sgd')}.partial`, syntheticCsv());
    const table = await hypergrad(['summary', dir, '--reach', '1']);
    expect(table.stdout).toMatch(/^run +seeds +loss .* iterations to 1 +diverged\nmlp\/\+1e-03_\+1e-07\/adam +1 /);
    expect(table).toMatchObject({ code: 0, stderr: 'warning: 1 of 2 runs have not finished; left out\n' });
    const csv = await hypergrad(['summary', dir, '--format', 'csv']);
    expect(csv.stdout).toMatch(/^model,method,rates,[\s\S]*\nmlp,adam,/);
    const json = await hypergrad(['summary', dir, '--format', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject([{ model: 'mlp', method: 'adam', runs: 1 }]);
    const none = await hypergrad(['summary', join(dir, 'none')]);
    expect(none.stderr).toMatch(/^error: the results folder .*none cannot be read: it does not exist[^\n]*\n$/);
    expect(none.code).toBe(2);
  });
});

describe('report', () => {
  it('writes the page and prints its path', async () => {
    const dir = temporaryFolder();
    writeCsv(dir, path, syntheticCsv());
    const out = join(dir, 'r.html');
    const { code, stdout, stderr } = await hypergrad(['report', '--dir', dir, '--out', out]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${out}\n`, stderr: '' });
    expect(existsSync(out)).toBe(true);
  });
});
