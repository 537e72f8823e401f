import { execFile, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/results/record.js';
import { repository } from '../installed.js';
import { filesBelow, hypergrad, main, withoutTimes, type Finished } from './hypergrad.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
});
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

const run = ['train', '--method', 'adam_hd', '--beta', '1e-7', '--save'];
/** More than are trained before a signal that is sent after the first has come. */
const epochs = '12';
const stem = join('results', 'logreg', '+1e-03_+1e-07', 'adam_hd');
const path = (end: string) => join(folder, stem + end);
const record = () => JSON.parse(readFileSync(path('.json'), 'utf8')) as RunRecord;
const train = (...args: string[]) => hypergrad([...run, ...args], { cwd: folder });

/** Begins a run without an end, and sends a signal when it has trained an epoch. */
function interrupted(signal: NodeJS.Signals, ...args: string[]): Promise<Finished> {
  let sent = false;
  return hypergrad([...run, '--epochs', '0', ...args], {
    cwd: folder,
    whileRunning(said, kill) {
      if (sent || !/^epoch 1 /m.test(said)) return;
      sent = true;
      kill(signal);
    },
  });
}

describe('a run that is interrupted', () => {
  let whole = '';
  beforeAll(async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'hypergrad-'));
    await hypergrad([...run, '--epochs', epochs, '--silent'], { cwd: elsewhere });
    whole = withoutTimes(join(elsewhere, `${stem}.csv`));
    rmSync(elsewhere, { recursive: true });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGUSR2', 140],
  ] as const)('by %s goes on with --resume, and ends with the file of one that was not', async (signal, exitCode) => {
    const { code, stderr } = await interrupted(signal);
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(/Interrupted at iteration \d+\. The rows so far are in .*\.csv\.partial\. .*--resume/);
    expect(filesBelow(folder)).toEqual([`${stem}.checkpoint.safetensors`, `${stem}.csv.partial`, `${stem}.json`]);
    expect(record()).toMatchObject({ state: 'interrupted', resumed: 0 });
    const seconds = record().seconds;

    expect(await train('--epochs', epochs, '--resume')).toMatchObject({ code: 0 });
    expect(withoutTimes(path('.csv'))).toBe(whole);
    expect(filesBelow(folder)).toEqual([`${stem}.csv`, `${stem}.json`]);
    expect(record()).toMatchObject({ state: 'finished', resumed: 1 });
    expect(record().seconds, 'the time goes on').toBeGreaterThan(seconds);
    const times = readFileSync(path('.csv'), 'utf8').trim().split('\r\n').slice(1);
    const ordered = times.map((row) => Number(row.split(',')[2]));
    expect(ordered).toEqual([...ordered].sort((a, b) => a - b));
  });

  it('is lost by no other command', async () => {
    await interrupted('SIGTERM');
    const before = filesBelow(folder).map((name) => readFileSync(join(folder, name), 'base64'));
    for (const [args, message] of [
      [[], /An interrupted run is in .*\.partial\. --resume goes on with it, --overwrite begins anew/],
      [['--resume', '--alpha_0', '1.4e-3'], /is of another run: --alpha_0 0\.001, now 0\.0014\./],
      [['--resume', '--engine', 'cpu'], /engine onnx \(onnxruntime-node .*\), now cpu \(tfjs .*\)/],
      [
        ['--resume', '--batchSize', '64', '--weightDecay', '0.5'],
        /--weightDecay 0\.0001, now 0\.5; --batchSize 128, now 64/,
      ],
      [['--resume', '--iterations', '3'], /is at iteration \d+ already/],
      [['--engine', 'tfjs-node'], /An interrupted run/],
      [['--resume', '--overwrite'], /contradict/],
    ] as const) {
      const { code, stderr } = await train('--epochs', epochs, ...args);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^ +at /m);
      expect(code).toBe(2);
    }
    expect(filesBelow(folder).map((name) => readFileSync(join(folder, name), 'base64'))).toEqual(before);
    expect(await train('--iterations', '5', '--overwrite')).toMatchObject({ code: 0 });
    expect(filesBelow(folder)).toEqual([`${stem}.csv`, `${stem}.json`]);
  });

  it('does not go on with rows that are not its own', async () => {
    await interrupted('SIGTERM');
    const text = readFileSync(path('.csv.partial'), 'latin1');
    writeFileSync(path('.csv.partial'), text.replace(/^1,2,/m, '1,3,'), 'latin1');
    const { code, stderr } = await train('--epochs', epochs, '--resume');
    expect(stderr).toMatch(/does not have the \d+ rows that its checkpoint was written after/);
    expect(code).toBe(2);
    // Rows after the checkpoint, whole or torn, are those of steps that are taken again.
    writeFileSync(path('.csv.partial'), text, 'latin1');
    appendFileSync(path('.csv.partial'), '9,9,9,9,9');
    expect(await train('--epochs', epochs, '--resume')).toMatchObject({ code: 0 });
    expect(withoutTimes(path('.csv'))).toBe(whole);
  });

  it('has no checkpoint where none was wanted', async () => {
    const { stderr } = await interrupted('SIGTERM', '--checkpoint', '0');
    expect(stderr).toContain('It cannot be resumed');
    expect(filesBelow(folder)).toEqual([`${stem}.csv.partial`, `${stem}.json`]);
    expect(await train('--iterations', '5', '--resume')).toMatchObject({ code: 0 });
    expect(filesBelow(folder)).toEqual([`${stem}.csv`, `${stem}.json`]);
  });
});

describe('a finished run', () => {
  it('is left alone by --resume, and replaced by the same or more of it, or with --overwrite', async () => {
    await train('--iterations', '20');
    const csv = () => readFileSync(path('.csv'), 'utf8');
    const first = csv();
    const again = await train('--iterations', '20', '--resume');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toMatch(/adam_hd\.csv is finished already\.\n$/);
    for (const [args, message] of [
      [['--iterations', '10'], /20 iterations, now 10.*--dir.*--overwrite/],
      [['--iterations', '20', '--seed', '2'], /--seed 1, now 2/],
      [['--iterations', '20', '--seed', '2', '--resume'], /--seed 1, now 2/],
    ] as const) {
      const { code, stderr } = await train(...args);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
    expect(csv()).toBe(first);
    expect(await train('--iterations', '20')).toMatchObject({ code: 0 });
    expect(csv()).not.toBe(first); // other times
    const longer = await train('--iterations', '40', '--resume');
    expect(longer.stderr).toContain('whose checkpoint is gone: this one begins anew');
    expect(csv().split('\r\n')).toHaveLength(42);
    expect(await train('--iterations', '10', '--seed', '2', '--overwrite')).toMatchObject({ code: 0 });
    expect(record()).toMatchObject({ state: 'finished', settings: { seed: 2, iterations: 10 }, rows: { count: 10 } });
  });

  it('is not taken for finished where its rows were changed since', async () => {
    await train('--iterations', '20');
    const changed = readFileSync(path('.csv'), 'utf8').replace('1,5,', '1,6,');
    writeFileSync(path('.csv'), changed);
    const { code, stderr } = await train('--iterations', '20', '--resume');
    expect(stderr).toMatch(/^error: .*adam_hd\.csv was changed since its run ended.*--overwrite\.$/m);
    expect(code).toBe(2);
    expect(readFileSync(path('.csv'), 'utf8')).toBe(changed);
    expect(await train('--iterations', '20', '--overwrite')).toMatchObject({ code: 0 });
  });

  it('of an earlier version is replaced by the same settings, and not taken for finished by --resume', async () => {
    await train('--iterations', '20');
    const engine = { name: 'onnx', version: 'onnxruntime-node 1.0' };
    writeFileSync(path('.json'), JSON.stringify({ ...record(), engine, code: '0.0.1' }));
    const resumed = await train('--iterations', '20', '--resume');
    expect(resumed).toMatchObject({ code: 2, stderr: expect.stringMatching(/hypergrad 0\.0\.1, now/) as string });
    expect(await train('--iterations', '20')).toMatchObject({ code: 0 });
    expect(record().code).not.toBe('0.0.1');
  });

  it('of another program, without a record, is kept if it is longer', async () => {
    await train('--iterations', '20');
    rmSync(path('.json'));
    expect((await train('--iterations', '10')).stderr).toContain('20 iterations, now 10');
    expect((await train('--iterations', '20', '--resume')).stderr).toContain('it has no record');
    expect(await train('--iterations', '30')).toMatchObject({ code: 0 });
  });

  it('keeps its network where that is wanted, and not silently loses it', async () => {
    await train('--iterations', '5', '--keepModel');
    expect(filesBelow(folder)).toEqual([`${stem}.csv`, `${stem}.json`, `${stem}.safetensors`]);
    expect(record().model).toBe('adam_hd.safetensors');
    expect((await train('--iterations', '5')).stderr).toContain('now without --keepModel');
    expect(await train('--iterations', '5', '--overwrite')).toMatchObject({ code: 0 });
    expect(filesBelow(folder)).toEqual([`${stem}.csv`, `${stem}.json`]);
  });

  it('has a record that tells nothing of who and where', async () => {
    await train('--iterations', '5', '--dir', join(folder, 'results'));
    const text = readFileSync(path('.json'), 'utf8');
    for (const secret of [folder, process.cwd(), tmpdir(), process.env.HOME ?? '-', `"${process.env.USER ?? '-'}"`]) {
      expect(text).not.toContain(secret);
    }
  });
});

it('of two processes on one target, one is refused', async () => {
  let other: Promise<Finished> | undefined;
  const first = await hypergrad([...run, '--epochs', '6'], {
    cwd: folder,
    whileRunning(said) {
      if (/^epoch 1\/6 /m.test(said)) other ??= train('--epochs', '6');
    },
  });
  expect(first).toMatchObject({ code: 0 });
  const { code, stderr } = (await other)!;
  expect(stderr).toMatch(/Another process \(\d+\) has been writing .*adam_hd\.csv since 20|An interrupted run|epoch/);
  if (!stderr.includes('epoch')) expect(code).toBe(2);
  expect(filesBelow(folder)).toEqual([`${stem}.csv`, `${stem}.json`]);
});

it('results that are removed while they are written are put back, and the run ends', async () => {
  let removed = false;
  const { code, stderr } = await hypergrad([...run, '--epochs', '0'], {
    cwd: folder,
    whileRunning(said) {
      if (removed || !/^epoch 1 /m.test(said)) return;
      removed = true;
      // Moved first: while the run writes into it, a folder may not be empty when it should go.
      renameSync(join(folder, 'results'), join(folder, 'away'));
      rmSync(join(folder, 'away'), { recursive: true });
    },
  });
  expect(stderr).toContain('was removed while it was written; its rows are there again');
  expect(code).toBe(1);
  expect(record()).toMatchObject({ state: 'failed' });
  expect(record().error).not.toContain(folder);
  const resumed = await train('--epochs', epochs, '--resume');
  expect(resumed.stderr).toContain('Going on from iteration');
  expect(resumed.code).toBe(0);
});

// A small file system of one's own needs a mount, which not every machine allows.
const mounts = spawnSync('unshare', ['-rm', 'true']).status === 0;

describe.skipIf(!mounts)('a disk that is full', () => {
  it('ends the run in a line with whole rows, from which it goes on', async () => {
    const script = `
      mount -t tmpfs -o size=200k none ${folder} && cd ${folder}
      ${process.execPath} ${main} ${run.join(' ')} --epochs 8 --checkpoint 0.0001; echo "code $?"
      tail -c 1 ${stem}.csv.partial | od -An -c; tail -1 ${stem}.csv.partial
      mount -o remount,size=20m none ${folder}
      ${process.execPath} ${main} ${run.join(' ')} --epochs 8 --resume; echo "code $?"; ls results/*/*`;
    const { stdout, stderr } = await promisify(execFile)('unshare', ['-rm', 'sh', '-c', script]);
    expect(stdout).toMatch(/^code 1\n +\\n\n\d+,\d+,.*,1e-07\r?\ncode 0\nadam_hd\.csv\nadam_hd\.json\n$/);
    expect(stderr).toMatch(
      /^error: Cannot write .*\.partial: no space left on device\. Make room.* The rows so far are in .*\.partial; --resume goes on/m,
    );
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

it('survives ends at random moments', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'scripts/kills.ts', '--kills', '2', '--cases', 'short'],
    { cwd: repository },
  );
  expect(stdout).toMatch(/^short: \d+ ends by SIGKILL in \d+ runs, \d+ resumed from a checkpoint; 0 faults\n$/);
}, 180_000);
