import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository } from './installed.js';
import { cifar10Files, put } from './data/cifar10_files.js';
import { filesBelow } from './cli/hypergrad.js';

// Windows has no bash.
describe.skipIf(platform() === 'win32')('run.sh', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
    symlinkSync(join(repository, 'run.sh'), join(folder, 'run'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (...args: string[]) => spawnSync('./run', args, { cwd: folder, encoding: 'utf8' });

  it('plans the published runs, at the published paths', () => {
    put(folder, cifar10Files(2));
    const { stdout, status } = run('--data', '.', '--dry-run');
    const ofModel = (model: string, betaAdam: string) => [
      ...['sgd', 'sgd_hd', 'sgdn', 'sgdn_hd'].map((method) => `results/${model}/+1e-03_+1e-03/${method}.csv`),
      ...['adam', 'adam_hd'].map((method) => `results/${model}/+1e-03_+1e-0${betaAdam}/${method}.csv`),
    ];
    expect(stdout.match(/results\S+/g)).toEqual([
      ...ofModel('logreg', '7'),
      ...ofModel('mlp', '7'),
      ...ofModel('vgg', '8'),
    ]);
    expect(status).toBe(0);
    expect(run('mlp', '--dry-run').stdout.match(/results\S+/g)).toEqual(ofModel('mlp', '7'));
  });

  it('gives further arguments to every run', () => {
    const args = ['logreg', '--iterations', '3', '--reduction', '60', '--dir', 'few', '--silent'];
    expect(run(...args)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(filesBelow(join(folder, 'few')).filter((name) => name.endsWith('.csv'))).toHaveLength(6);
    expect(run('cifar')).toMatchObject({ status: 2, stderr: expect.stringContaining('logreg, mlp or vgg') as string });
  });
});
