import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cifar10Files, put } from '../data/cifar10_files.js';
import { repository } from '../installed.js';
import { temporaryFolder } from '../synthetic.js';
import { filesBelow } from './hypergrad.js';
import { shell } from './shell.js';

// Windows has no bash.
describe.skipIf(platform() === 'win32')('run.sh', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
    symlinkSync(join(repository, 'run.sh'), join(folder, 'run'));
  });
  afterAll(() => rmSync(folder, { recursive: true, maxRetries: 10 }));
  const run = (...args: string[]) => spawnSync('./run', args, { cwd: folder, encoding: 'utf8' });

  it('plans the published runs, at the published paths', () => {
    put(join(folder, 'data'), cifar10Files(2));
    const { stdout, status } = run('--dry-run');
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

  it('works in the folder that it is called in, by links too', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'node_modules', '.bin'), { recursive: true });
    symlinkSync(join(repository, 'run.sh'), join(cwd, 'node_modules', 'link'));
    symlinkSync('../link', join(cwd, 'node_modules', '.bin', 'run'));
    const { code, stderr } = await shell('node_modules/.bin/run logreg --iterations 20', { cwd });
    expect(code).toBe(0);
    expect(stderr).toContain('The results are in results;');
    const results = filesBelow(join(cwd, 'results')).filter((name) => name.endsWith('.csv'));
    expect(results).toEqual(
      ['+1e-03/sgd', '+1e-03/sgd_hd', '+1e-03/sgdn', '+1e-03/sgdn_hd', '+1e-07/adam', '+1e-07/adam_hd'].map(
        (run) => `logreg/+1e-03_${run}.csv`,
      ),
    );
    // What has finished is not repeated.
    expect(await shell('node_modules/.bin/run logreg --iterations 20', { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect((await shell('node_modules/.bin/run resnet', { cwd })).code).toBe(2);
  });
});
