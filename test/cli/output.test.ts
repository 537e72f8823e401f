import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';
import { hypergrad } from './hypergrad.js';
import { shell } from './shell.js';

const dir = temporaryFolder();
for (const model of ['logreg', 'mlp']) {
  for (const method of ['adam', 'sgd']) writeCsv(dir, `${model}/+1e-03_+1e-07/${method}.csv`, syntheticCsv());
}

// Every write to this device fails as on a full disk.
describe.skipIf(!existsSync('/dev/full'))('standard output on a full disk', () => {
  it.each([
    `compare ${dir} ${dir} --json`,
    `compare ${dir} ${dir}`,
    `plot --dir ${dir} --plotDir ${dir}/plots --format svg`,
    `report --dir ${dir} --out ${dir}/r.html`,
    'train --help',
    `watch ${dir}`,
    '--version',
  ])('hypergrad %s is a failure in a line', async (command) => {
    const { code, stderr } = await shell(`hypergrad ${command} > /dev/full`);
    expect(stderr).toBe('error: Cannot write to standard output: no space left on device.\n');
    expect(code).toBe(1);
  });

  it('is written as far as it goes, all of it or with an error', async () => {
    // A file may have 512 bytes here.
    const { code } = await shell(`trap '' XFSZ; ulimit -f 1; hypergrad compare ${dir} ${dir} --json > ${dir}/out.json`);
    expect(code).toBe(1);
  });
});

describe('a reader that goes', () => {
  it.each([
    `compare ${dir} ${dir} --json`,
    `plot --dir ${dir} --plotDir ${dir}/plots --format svg`,
    'train --help',
    'help train',
    `watch ${dir}`,
    '--version',
  ])('hypergrad %s ends without a word', async (command) => {
    // The pipe is closed before anything is written.
    const { code, stdout, stderr } = await shell(`{ sleep 0.1; hypergrad ${command}; } | true`);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: '' });
  });

  it('gets what it wants of the paths, and all figures are drawn', async () => {
    const plotDir = join(dir, 'more');
    const { stdout, stderr } = await shell(`hypergrad plot --dir ${dir} --plotDir ${plotDir} --format svg | head -1`);
    expect({ stdout, stderr }).toEqual({ stdout: `${plotDir}/logreg.svg\n`, stderr: '' });
    expect(existsSync(join(plotDir, 'mlp.svg'))).toBe(true);
  });
});

describe('talk that nobody hears', () => {
  const train = 'train --model logreg --batchSize 4096 --epochs 3 --save --dir results';

  it.skipIf(!existsSync('/dev/full'))('does not end a run: a full disk', async () => {
    const cwd = temporaryFolder();
    expect(await shell(`hypergrad ${train} 2> /dev/full`, { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(existsSync(join(cwd, 'results/logreg/+1e-03_+1e-06/adam.csv'))).toBe(true);
  });

  it('does not end a run: a reader that has seen enough', async () => {
    const cwd = temporaryFolder();
    const { code, stdout } = await shell(`hypergrad ${train} 2>&1 | grep -m1 MNIST`, { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^MNIST.*\n$/);
    expect(existsSync(join(cwd, 'results/logreg/+1e-03_+1e-06/adam.csv'))).toBe(true);
  });

  it('leaves the exit code of an error as it is', async () => {
    expect((await shell('{ sleep 0.1; hypergrad train --method x 2>&1; } | true')).code).toBe(2);
  });
});

describe.skipIf(!existsSync('/dev/full'))('figures and pages that cannot be written', () => {
  it('leave the earlier ones as they are', async () => {
    const out = join(dir, 'page.html');
    const report = `hypergrad report --dir ${dir} --out ${out}`;
    await shell(report);
    const earlier = readFileSync(out, 'utf8');
    const { code, stderr } = await shell(`trap '' XFSZ; ulimit -f 20; ${report}`);
    expect(stderr).toMatch(/^error: Cannot write .*page\.html: file too large\.\n$/);
    expect(code).toBe(1);
    expect(readFileSync(out, 'utf8')).toBe(earlier);
  });

  it('are written to a device, which stays one', async () => {
    expect((await shell(`hypergrad report --dir ${dir} --out /dev/stdout | head -1`)).stdout).toBe('<!doctype html>\n');
  });

  it('are refused below /proc at once', async () => {
    const { code, stderr } = await hypergrad(['plot', '--dir', dir, '--plotDir', '/proc/none/plots']);
    expect(stderr).toMatch(/^error: Cannot write \/proc\/none\/plots\/logreg: .*\n$/);
    expect(code).toBe(2);
  });
});

it('has nothing of a comparison whose figures cannot be written', async () => {
  const { code, stdout, stderr } = await hypergrad(['compare', dir, dir, '--plotDir', '/proc/none/plots']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error: Cannot write [^\n]*\n$/);
});

it('control characters of a command line do not reach the terminal', async () => {
  const { stderr } = await hypergrad(['train', '--method', '\x1b[2Jadam\r\x07\u009b']);
  expect(stderr).toContain(`'\\x1b[2Jadam\\x0d\\x07\\x9b'`);
  const long = await hypergrad(['train', '--method', 'x'.repeat(100_000)]);
  expect(long.stderr.length).toBeLessThan(11_000);
  expect(long.stderr).toMatch(/It takes one of adam, .*\n$/);
});
