import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/results/record.js';
import { filesBelow, hypergrad, main, withoutTimes } from './hypergrad.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
});
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20 }));

const sweep = (...args: string[]) => hypergrad(['sweep', ...args], { cwd: folder });
const reduced = ['--reduction', '60'];
const file = (rates: string, method: string, settings = 'reduction=60') =>
  join('results', 'logreg', rates, settings, method);
const record = (stem: string) => JSON.parse(readFileSync(join(folder, `${stem}.json`), 'utf8')) as RunRecord;

describe('a sweep', () => {
  const grid = ['--method', 'sgd,sgd_hd', '--beta', '1e-3,1e-4', '--seed', '1..2', '--epochs', '1', ...reduced];
  const stems = [
    file('+1e-03_+1e-03', 'sgd'),
    file('+1e-03_+1e-03', 'sgd_hd'),
    file('+1e-03_+1e-03', 'sgd', 'reduction=60_seed=2'),
    file('+1e-03_+1e-03', 'sgd_hd', 'reduction=60_seed=2'),
    file('+1e-03_+1e-04', 'sgd_hd'),
    file('+1e-03_+1e-04', 'sgd_hd', 'reduction=60_seed=2'),
  ];

  it('trains each run once, as train would alone, and is done when it is called again', async () => {
    const plan = await sweep(...grid, '--dry-run');
    expect(plan.stdout.trim().split('\n')).toHaveLength(1 + stems.length);
    expect(plan.stderr).toBe(
      '6 runs: 0 finished, 6 left (0 under way, 0 interrupted, 0 failed); how long that takes is not known yet.\n',
    );
    expect(filesBelow(folder)).toEqual([]);

    const first = await sweep(...grid, '--jobs', '2');
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toMatch(/^6 of 6 runs done, 0 failed, 0 left/m);
    expect(filesBelow(folder)).toEqual(stems.flatMap((stem) => [`${stem}.csv`, `${stem}.json`]).sort());
    for (const stem of stems) expect(plan.stdout).toContain(`${record(stem).id}  ${stem}.csv`);

    const before = stems.map((stem) => readFileSync(join(folder, `${stem}.csv`), 'utf8'));
    expect(await sweep(...grid)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(stems.map((stem) => readFileSync(join(folder, `${stem}.csv`), 'utf8'))).toEqual(before);
    expect((await sweep(...grid, '--seed', '1..3', '--dry-run')).stderr).toMatch(
      /^9 runs: 6 finished, 3 left .*; about/,
    );

    const alone = ['--method', 'sgd_hd', '--beta', '1e-4', '--seed', '2', '--epochs', '1', ...reduced, '--silent'];
    await hypergrad(['train', ...alone, '--save', '--dir', 'alone'], { cwd: folder });
    const stem = stems.at(-1)!;
    expect(withoutTimes(join(folder, `${stem}.csv`))).toBe(
      withoutTimes(join(folder, 'alone', 'logreg', '+1e-03_+1e-04', 'sgd_hd.csv')),
    );
  });

  it('of a file takes its grids, what the command line replaces, and the runs that are chosen', async () => {
    const text = 'epochs: 1\ngrids:\n  - {method: sgd_hd, beta: [1e-3, 1e-4]}\n  - {method: adam, model: mlp}\n';
    writeFileSync(join(folder, 's.yaml'), text);
    const { stdout } = await sweep(
      's.yaml',
      '--reduction',
      '60',
      '--dry-run',
      '--only',
      'model=logreg',
      '--dir',
      'out',
    );
    expect(stdout.match(/out\S+/g)).toEqual([
      join('out', 'logreg', '+1e-03_+1e-03', 'reduction=60', 'sgd_hd.csv'),
      join('out', 'logreg', '+1e-03_+1e-04', 'reduction=60', 'sgd_hd.csv'),
    ]);
  });

  it.each([
    [['--method', 'sgd,adan'], /Of 'adan'.*Did you mean adam\?/],
    [['--seed', '1,'], /Of '': It takes an integer/],
    [['--epochs', '1,2'], /--epochs.*It takes an integer/],
    [['--method', 'sgdn', '--mu', '0.9,0'], /--mu 0: Nesterov/],
    [['--only', 'modle=mlp'], /Did you mean model=…\?/],
    [['--only', 'model=mlp'], /None of the runs/],
    [['--save'], /unknown option '--save'/],
    [['none.yaml'], /none\.yaml cannot be read/],
    [['--jobs', '0'], /--jobs.*integer, 1 to/],
  ])('with %j is refused in a line, with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await sweep(...args);
    expect(stderr).toMatch(/^error: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(filesBelow(folder)).toEqual([]);
  });

  it('whose runs of one path differ is refused', async () => {
    writeFileSync(join(folder, 's.yaml'), 'method: sgd\ngrids:\n  - epochs: 1\n  - epochs: 2\n');
    const { code, stderr } = await sweep('s.yaml');
    expect(stderr).toMatch(/have one path, .*sgd\.csv: --epochs 1 and 2\./);
    expect(code).toBe(2);
  });
});

describe('a run that fails', () => {
  const failing = ['--method', 'sgd_hd', '--alpha_0', '0,1e-3', '--multiplicative', '--epochs', '1', ...reduced];

  it('is told at once with the command that repeats it, and the others go on', async () => {
    const { code, stderr } = await sweep(...failing);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^failed: .*\+0e\+00_.*sgd_hd\.csv: The multiplicative rule cannot leave/m);
    const [, command = ''] = /^The command that repeats it: hypergrad (.*)$/m.exec(stderr) ?? [];
    const alone = await hypergrad(command.split(' '), { cwd: folder });
    expect(alone.stderr).toContain('sgd_hd.csv: The multiplicative rule cannot leave');
    expect(filesBelow(folder).filter((name) => name.endsWith('.csv'))).toEqual([
      join('results', 'logreg', '+1e-03_+1e-06', 'multiplicative=true_reduction=60', 'sgd_hd.csv'),
    ]);
  });

  it('ends all with --failFast', async () => {
    expect((await sweep(...failing, '--failFast')).code).toBe(1);
    expect(filesBelow(folder).filter((name) => name.endsWith('.csv'))).toEqual([]);
  });

  it('is tried again only with --retryFailed', async () => {
    const one = ['--method', 'sgd', '--epochs', '1', ...reduced];
    await sweep(...one, '--silent');
    const stem = file('+1e-03_+1e-06', 'sgd');
    rmSync(join(folder, `${stem}.csv`));
    writeFileSync(join(folder, `${stem}.json`), JSON.stringify({ ...record(stem), state: 'failed', error: 'why' }));
    const again = await sweep(...one);
    expect(again).toMatchObject({ code: 1, stderr: '1 of the runs failed earlier; --retryFailed tries them again.\n' });
    expect(existsSync(join(folder, `${stem}.csv`))).toBe(false);
    expect((await sweep(...one, '--retryFailed')).code).toBe(0);
    expect(record(stem).state).toBe('finished');
  });
});

describe('a sweep that is ended', () => {
  const long = ['--method', 'sgd,adam', ...reduced, '--jobs', '2'];
  const stems = ['adam', 'sgd'].map((method) => file('+1e-03_+1e-06', method));

  /** Starts a sweep without an end; calls when both of its runs have rows. */
  async function started(whenBothRun: (pid: number) => void): Promise<number | null> {
    const child = spawn(process.execPath, [main, 'sweep', ...long, '--epochs', '0'], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    while (!stems.every((stem) => existsSync(join(folder, `${stem}.json`)))) await setTimeout(20);
    await setTimeout(100);
    whenBothRun(child.pid!);
    return ended;
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('by %s goes on where its runs were', async (signal) => {
    const code = await started((pid) => process.kill(pid, signal));
    expect(code).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
    // Of a sweep that was killed, the workers write their checkpoints and end without it.
    while (stems.some((stem) => existsSync(join(folder, `${stem}.csv.lock`)))) await setTimeout(20);
    for (const stem of stems) expect(record(stem)).toMatchObject({ state: 'interrupted', resumed: 0 });
    expect((await sweep(...long, '--epochs', '800')).code).toBe(0);
    for (const stem of stems) expect(record(stem)).toMatchObject({ state: 'finished', resumed: 1 });
    expect(filesBelow(folder)).toEqual(stems.flatMap((stem) => [`${stem}.csv`, `${stem}.json`]));
  });

  it.skipIf(platform() !== 'linux')('in one of its workers takes the run up in another', async () => {
    const child = spawn(process.execPath, [main, 'sweep', ...long, '--epochs', '500'], {
      cwd: folder,
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    while (!stems.some((stem) => existsSync(join(folder, `${stem}.json`)))) await setTimeout(10);
    const workers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    process.kill(Number(workers[0]), 'SIGKILL');
    expect(await ended).toBe(0);
    for (const stem of stems) expect(record(stem)).toMatchObject({ state: 'finished', rows: { count: 4001 } });
  });
});

it('two sweeps on one folder share the work', async () => {
  const args = ['--method', 'sgd,sgd_hd,adam', '--seed', '1..3', '--epochs', '40', ...reduced];
  const both = await Promise.all([sweep(...args), sweep(...args)]);
  for (const { code, stderr } of both) {
    expect(stderr).toMatch(/^9 of 9 runs done, 0 failed, 0 left/m);
    expect(code).toBe(0);
  }
  expect(filesBelow(folder)).toHaveLength(2 * 9);
  expect(filesBelow(folder).filter((name) => !/\.(csv|json)$/.test(name))).toEqual([]);
});

it('a run that another sweep fails at in the meantime is not tried a second time', async () => {
  const one = ['--method', 'sgd', '--epochs', '1', ...reduced];
  await sweep(...one, '--silent');
  const stem = file('+1e-03_+1e-06', 'sgd');
  const [lock, failed] = [join(folder, `${stem}.csv.lock`), { ...record(stem), state: 'failed', error: 'why' }];
  for (const ending of ['csv', 'json']) rmSync(join(folder, `${stem}.${ending}`));
  writeFileSync(lock, JSON.stringify({ id: 'a', pid: 1, host: 'another', space: '', since: 'today' }));
  const { code, stderr } = await hypergrad(['sweep', '--method', 'sgd,adam', '--epochs', '1', ...reduced], {
    cwd: folder,
    whileRunning(said) {
      if (!/^1 of 2 runs done/m.test(said) || !existsSync(lock)) return;
      writeFileSync(join(folder, `${stem}.json`), JSON.stringify(failed));
      rmSync(lock);
    },
  });
  expect(stderr).toMatch(/^failed: .*sgd\.csv: why \(In another sweep, just now\.\)$/m);
  expect(code).toBe(1);
  expect(record(stem)).toEqual(failed);
});

it('a target that another process is at is looked at again at the end', async () => {
  const stem = file('+1e-03_+1e-06', 'adam');
  const lock = join(folder, `${stem}.csv.lock`);
  mkdirSync(dirname(lock), { recursive: true });
  // As another machine writes it, which has been heard of just now.
  const holder = { id: 'a', pid: 1, host: 'another', space: '', since: new Date().toISOString() };
  writeFileSync(lock, JSON.stringify(holder));
  const plan = await sweep('--method', 'adam,sgd', '--epochs', '1', ...reduced, '--dry-run');
  expect(plan.stdout).toMatch(/^\w+ +\S*adam\.csv +under way\n\w+ +\S*sgd\.csv +new$/m);
  expect(plan.stderr).toMatch(/^2 runs: 0 finished, 2 left \(1 under way, 0 interrupted, 0 failed\)/);
  const { code } = await hypergrad(['sweep', '--method', 'adam,sgd', '--epochs', '1', ...reduced], {
    cwd: folder,
    whileRunning(said) {
      if (!/^1 of 2 runs done/m.test(said) || !existsSync(lock)) return;
      expect(record(file('+1e-03_+1e-06', 'sgd')).state).toBe('finished');
      rmSync(lock);
    },
  });
  expect(code).toBe(0);
  expect(record(stem).state).toBe('finished');
});
