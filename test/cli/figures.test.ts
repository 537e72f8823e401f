import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compareCommand } from '../../src/cli/compare.js';
import { plotCommand } from '../../src/cli/plot.js';
import { reportCommand } from '../../src/cli/report.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

const path = 'mlp/+1e-03_+1e-07/adam.csv';

/** Runs a command and gives what it wrote to either stream. */
async function run(command: Command, ...words: string[]) {
  const [out, talk]: [string[], string[]] = [[], []];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void out.push(line));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void talk.push(line));
  command.exitOverride().configureOutput({ writeErr: (text) => void talk.push(text) });
  await command.parseAsync(words, { from: 'user' });
  return { out, talk };
}

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

describe('plot', () => {
  it('prints the paths, warns on the other stream, writes PDF by default', async () => {
    const dir = temporaryFolder();
    writeCsv(dir, path, syntheticCsv());
    writeCsv(dir, path.replace('adam', 'sgd'), '');
    const plotDir = join(dir, 'plots');
    const { out, talk } = await run(plotCommand(), '--dir', dir, '--plotDir', plotDir);
    expect(out).toEqual([join(plotDir, 'mlp.pdf')]);
    expect(talk).toEqual([expect.stringMatching(/^warning: .*sgd\.csv: the file is empty/)]);
    await run(plotCommand(), '--dir', dir, '--plotDir', plotDir, '--format', 'png,svg');
    expect(readdirSync(plotDir).sort()).toEqual(['mlp.pdf', 'mlp.png', 'mlp.svg']);
    await expect(run(plotCommand(), '--format', 'jpg')).rejects.toThrow(/'jpg' is not one of pdf, png, svg/);
  });
});

describe('compare', () => {
  it('exits with 1 past the tolerance and not within it', async () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    writeCsv(a, path, syntheticCsv());
    writeCsv(b, path, syntheticCsv({ alpha: () => 0.00101 }));
    await run(compareCommand(), a, b, '--tolerance', '0.02');
    expect(process.exitCode).toBeUndefined();
    const { out } = await run(compareCommand(), a, b, '--json');
    expect(process.exitCode).toBe(1);
    expect(JSON.parse(out.join('\n'))).toMatchObject({ tolerance: 1e-5, withinTolerance: false });
    await expect(run(compareCommand(), a, b, '--tolerance', 'x')).rejects.toThrow(/not negative/);
  });
});

describe('report', () => {
  it('writes the page and prints its path', async () => {
    const dir = temporaryFolder();
    writeCsv(dir, path, syntheticCsv());
    const out = join(dir, 'r.html');
    expect((await run(reportCommand(), '--dir', dir, '--out', out)).out).toEqual([out]);
    expect(existsSync(out)).toBe(true);
  });
});
