import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/results/record.js';
import { cifar10Files, put } from '../data/cifar10_files.js';
import { hypergrad, main, withoutTimes } from './hypergrad.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const quick = ['train', '--model', 'logreg', '--iterations', '40'];

describe('a wrong command line', () => {
  it.each([
    [['train', '--method', 'adamhd'], /--method.*adamhd.*Did you mean adam_hd\?.*sgdn_hd/],
    [['train', '--model', 'resnet'], /--model.*resnet.*logreg, mlp/],
    [['train', '--alpha_0', '-1'], /--alpha_0.*-1.*0 or larger/],
    [['train', '--beta', 'tiny'], /--beta.*tiny.*number/],
    [['train', '--mu', ''], /--mu.*number/],
    [['train', '--weightDecay', 'NaN'], /--weightDecay.*NaN.*number/],
    [['train', '--parallel', '0'], /--parallel.*0.*integer, 1 to 64: the network is traced once for each/],
    [['train', '--batchSize', '0'], /--batchSize.*0.*integer, 1 to 60000/],
    [['train', '--epochs', '1.5'], /--epochs.*1\.5.*integer/],
    [['train', '--reduction', '0'], /--reduction.*0.*integer, 1 to 10000/],
    [['train', '--seed', '-3'], /--seed.*-3.*integer/],
    [['train', '--method', 'sgdn', '--mu', '0'], /--mu 0.*Nesterov.*--method sgd/],
    [['train', '--cuda', '--engine', 'cpu'], /--cuda and --engine cpu/],
    [['train', '--methd', 'adam'], /--methd.*--method/],
    [['train', '--data', '/nowhere/at/all'], /\/nowhere\/at\/all.*does not exist/],
    [['trian'], /trian.*train/],
  ])('%j is refused in a line, with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await hypergrad(args, { cwd: folder });
    expect(
      stderr
        .replace(/\n\(Did you mean/, ' (Did you mean')
        .trimEnd()
        .split('\n'),
    ).toHaveLength(1);
    expect(stderr.replaceAll('\n', ' ')).toMatch(message);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  it('names a results folder that cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const { code, stderr } = await hypergrad([...quick, '--save', '--dir', join(folder, 'file')]);
    expect(code).toBe(2);
    expect(stderr).toContain(join(folder, 'file'));
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('says what --cuda lacks', async () => {
    const { code, stderr } = await hypergrad([...quick, '--cuda', '--device', '7']);
    expect(stderr).toMatch(/tfjs-node-gpu is not set up yet: npx hypergrad setup tfjs-node-gpu|sees no GPU 7/);
    expect(code).toBe(2);
  });
});

describe('a run', () => {
  const target = () => join(folder, 'results', 'logreg', '+1e-03_+1e-06', 'adam.csv');

  it('writes nothing without --save, and says nothing with --silent', async () => {
    expect(await hypergrad([...quick, '--silent'], { cwd: folder })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(existsSync(join(folder, 'results'))).toBe(false);
  });

  it('with --save gives the same file each time, apart from the times', async () => {
    const contents: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { code, stdout, stderr } = await hypergrad([...quick, '--save'], { cwd: folder });
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).toContain('results/logreg/+1e-03_+1e-06/adam.csv');
      contents.push(withoutTimes(target()));
    }
    const lines = contents[0]?.split('\r\n') ?? [];
    expect(lines[0]).toBe('Epoch,Iteration,Time,Loss,LossEpoch,ValidLossEpoch,Alpha,AlphaEpoch,Beta');
    expect(lines.at(-2)).toMatch(/^1,40,[\d.]+,nan,nan,0\.001,nan,1e-06$/);
    expect(lines).toHaveLength(1 + 40 + 1);
    expect(contents[1]).toBe(contents[0]);
  });

  it('is the same whether threads prepare its images or none, and another with --parallel', async () => {
    put(folder, cifar10Files(2));
    const contents: string[] = [];
    for (const flags of [
      ['--workers', '0'],
      ['--workers', '3'],
      ['--parallel', '--overwrite'],
    ]) {
      // Four steps, two of them in the second epoch.
      const { code, stdout, stderr } = await hypergrad(
        [
          ...['train', '--model', 'vgg11_bn', '--method', 'sgd', '--batchSize', '5', '--iterations', '5'],
          ...['--data', '.', '--save', '--silent', ...flags],
        ],
        { cwd: folder },
      );
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
      contents.push(withoutTimes(join(folder, 'results', 'vgg11_bn', '+1e-03_+1e-06', 'sgd.csv')));
    }
    const [inLine, threaded, parallel] = contents.map((content) => content.split('\r\n'));
    expect(inLine).toHaveLength(1 + 5 + 1);
    expect(threaded).toEqual(inLine);
    expect(parallel?.[1], 'an untrained model is the same').toBe(inLine?.[1]);
    expect(parallel?.[2], 'the first batch has other statistics').not.toBe(inLine?.[2]);
  });

  it('of a reduced data set says so in its record', async () => {
    await hypergrad([...quick, '--epochs', '1', '--reduction', '60', '--save'], { cwd: folder });
    const path = join(folder, 'results', 'logreg', '+1e-03_+1e-06', 'adam.json');
    const record = JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
    expect(record.settings.reduction).toBe(60);
    expect(record.data).toMatchObject({ train: 1000, test: 166 });
    expect(record.rows.count).toBe(9); // row 0, and ⌈1000 / 128⌉ steps
  });

  it('tells a line an epoch when piped', async () => {
    const { stderr } = await hypergrad(['train', '--batchSize', '4096', '--epochs', '3']);
    expect(stderr.match(/^epoch \d\/3 .*loss .*validation .*α .*$/gm)).toHaveLength(4);
    expect(stderr).not.toContain('\r');
  });

  it('tells once that it diverges, and goes on', async () => {
    const { code, stderr } = await hypergrad([...quick, '--method', 'sgd', '--alpha_0', '1e38']);
    expect(stderr.match(/the run goes on/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'stops on %s within a second and keeps its rows and the last result',
    async (signal) => {
      await hypergrad([...quick, '--save', '--silent'], { cwd: folder });
      const finished = readFileSync(target(), 'utf8');
      let interrupted = 0;
      const { code, stderr } = await hypergrad(['train', '--epochs', '0', '--save'], {
        cwd: folder,
        whileRunning(said, kill) {
          if (interrupted || !said.includes('epoch 1')) return;
          interrupted = performance.now();
          kill(signal);
        },
      });
      expect(performance.now() - interrupted).toBeLessThan(1000);
      expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(stderr).toMatch(/Interrupted.*adam\.csv\.partial/);
      expect(readFileSync(target(), 'utf8')).toBe(finished);
      expect(readFileSync(`${target()}.partial`, 'utf8').split('\r\n').length).toBeGreaterThan(400);
    },
  );

  it.skipIf(process.platform === 'win32')('is gone at once on a second signal, in the middle of a step', async () => {
    // A step takes seconds, in one call of the native library.
    const args = [main, 'train', '--model', 'mlp', '--batchSize', '20000'];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    for await (const text of child.stderr) if ((said += String(text)).includes('epoch 0')) break;
    await setTimeout(300);
    child.kill('SIGINT');
    await setTimeout(200);
    const began = performance.now();
    child.kill('SIGINT');
    await once(child, 'exit');
    expect(performance.now() - began).toBeLessThan(300);
    expect(child.signalCode).toBe('SIGINT');
  });
});
