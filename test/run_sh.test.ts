import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository } from './installed.js';
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
    const { stdout, status } = run('logreg', '--dry-run');
    expect(stdout.match(/results\S+/g)).toEqual([
      'results/logreg/+1e-03_+1e-03/sgd.csv',
      'results/logreg/+1e-03_+1e-03/sgd_hd.csv',
      'results/logreg/+1e-03_+1e-03/sgdn.csv',
      'results/logreg/+1e-03_+1e-03/sgdn_hd.csv',
      'results/logreg/+1e-03_+1e-07/adam.csv',
      'results/logreg/+1e-03_+1e-07/adam_hd.csv',
    ]);
    expect(status).toBe(0);
    const synthetic = run('--only', 'model=vgg', '--synthetic', '--dry-run', '--dir', 'out').stdout;
    expect(synthetic.match(/out\S+/g)).toHaveLength(6);
    expect(synthetic).toContain('out/vgg_synthetic/+1e-03_+1e-08/adam_hd.csv');
  });

  it('gives further arguments to every run', () => {
    const args = ['logreg', '--iterations', '3', '--reduction', '60', '--dir', 'few', '--silent'];
    expect(run(...args)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(filesBelow(join(folder, 'few')).filter((name) => name.endsWith('.csv'))).toHaveLength(6);
    expect(run('cifar')).toMatchObject({ status: 2, stderr: expect.stringContaining('logreg, mlp or vgg') as string });
  });
});
