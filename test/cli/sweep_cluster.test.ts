import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RunRecord } from '../../src/results/record.js';
import { filesBelow, hypergrad, main } from './hypergrad.js';
import { shell } from './shell.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
});
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20 }));

const sweep = (...args: string[]) => hypergrad(['sweep', ...args], { cwd: folder });
const record = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as RunRecord;

describe('a sweep for a cluster', () => {
  const grid = ['--method', 'sgd,sgd_hd', '--clip', 'off,1', '--multiplicative', '--seed', '1..3,7', '--dir', 'a b'];
  const more = ['--reduction', '60', '--epochs', '1', '--only', 'seed=2,3,7', '--only', 'method=sgd_hd'];

  it.skipIf(platform() === 'win32')('of Slurm gives its tasks the same runs, each task another first', async () => {
    const { code, stdout, stderr } = await sweep(
      ...grid,
      ...more,
      '--slurm',
      '2',
      '--jobs',
      '2',
      '--sbatch',
      '--time=9',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^#SBATCH --array=0-1$/m);
    expect(stdout).toMatch(/^#SBATCH --cpus-per-task=2$/m);
    expect(stdout).toMatch(/^#SBATCH --time=9$/m);
    expect(filesBelow(folder)).toEqual([]);

    const runs = (text: string) => text.trimEnd().split('\n').slice(1);
    const planned = runs((await sweep(...grid, ...more, '--dry-run')).stdout);
    expect(planned).toHaveLength(2 * 3);
    const task = async (index: number) => {
      const script = stdout.trimEnd();
      return runs(
        (await shell(`${script} --dry-run`, { cwd: folder, env: { SLURM_ARRAY_TASK_ID: `${index}` } })).stdout,
      );
    };
    expect(await task(0)).toEqual(planned);
    expect(await task(1)).toEqual([...planned.slice(3), ...planned.slice(0, 3)]);
  });

  it('of Kubernetes carries its file along', async () => {
    writeFileSync(join(folder, 'g.yaml'), 'seed: 1..9 # nine\n');
    const { code, stdout } = await sweep('g.yaml', '--k8s', '3', '--image', 'mine', '--cores', '4');
    expect(code).toBe(0);
    const [map, job] = stdout.split('---\n').map((each) => parse(each) as Record<string, unknown>);
    expect(map).toMatchObject({ data: { 'sweep.yaml': 'seed: 1..9 # nine\n' } });
    expect(job).toMatchObject({ spec: { completions: 3, template: { spec: { containers: [{ image: 'mine' }] } } } });
    expect(filesBelow(folder)).toEqual(['g.yaml']);
  });

  it.each([
    [['--slurm', '2'], /--slurm 2: more tasks than there are runs, which are 1\./],
    [['--slurm', '0'], /'0' is invalid\. It takes an integer, 1 to 1000/],
    [['--slurm', '1', '--k8s', '1'], /two clusters; give one/],
    [['--submit'], /--submit is of --slurm; give that too/],
    [['--sbatch', 'time=1', '--k8s', '1'], /--sbatch is of --slurm/],
    [['--slurm', '1', '--sbatch', 'array=0-9'], /'array=0-9' is invalid\. The script has its own array/],
    [['--slurm', '1', '--sbatch', '--cpus-per-task=9'], /--cores is for that/],
    [['--slurm', '1', '--sbatch', 'comment=a\nreboot'], /like time=2:00:00/],
    [['--slurm', '1', '--image', 'mine'], /--image is of --k8s/],
    [['--memory', '1'], /--memory is of --slurm and --k8s/],
    [['--slurm', '1', '--requeue'], /--requeue is for a task/],
    [['--slurm', '1', '--overwrite'], /--overwrite would have every task/],
    [['--k8s', '1', '--dir', '../out'], /\.\.\/out is not on the volume, which a pod has at \/work/],
    [['--k8s', '1', '--data', '/data'], /\/data is not on the volume/],
    [['--part', '3/3'], /'3\/3' is invalid\. It takes a part/],
    [['--jobs', '999'], /--jobs 999: It takes an integer, 1 to \d+: .*this machine/],
  ])('with %j is refused in a line, with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await sweep(...args);
    expect(stderr).toMatch(/^error: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(filesBelow(folder)).toEqual([]);
  });

  it('is not handed to a Slurm that is not there', () => {
    const args = [main, 'sweep', '--slurm', '1', '--submit'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      env: { PATH: folder },
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^error: sbatch cannot be run here \(.*\)\. Without --submit the script is printed/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});

describe.skipIf(platform() === 'win32')('a task of a cluster', () => {
  const stem = 'results/logreg/+1e-03_+1e-06/reduction=60/sgd';

  /** A sweep without an end, in a task of Slurm whose commands are not there; each signal comes while it ends by the one before. */
  async function ended(args: readonly string[], signals: readonly NodeJS.Signals[]) {
    const long = ['sweep', '--method', 'sgd', '--reduction', '60', '--epochs', '0', ...args];
    const env = { PATH: folder, SLURM_JOB_ID: '12', SLURM_ARRAY_JOB_ID: '12', SLURM_ARRAY_TASK_ID: '3' };
    const child = spawn(process.execPath, [main, ...long], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const code = new Promise<number | null>((resolve) => child.on('close', resolve));
    while (!existsSync(join(folder, `${stem}.csv.partial`))) await setTimeout(20);
    await setTimeout(100);
    for (const signal of signals) {
      child.kill(signal);
      // Of signals that come at once, two threads of the process may each take one, in any order.
      await setTimeout(10);
    }
    return { code: await code, stderr };
  }

  it.each([
    [['SIGTERM', 'SIGTERM', 'SIGUSR2'], ['--requeue'], 75],
    [['SIGUSR2', 'SIGTERM'], ['--requeue'], 75],
    [['SIGINT'], ['--requeue'], 130],
    [['SIGTERM'], [], 143],
  ] as const)('that is sent %j, with %j, writes its checkpoint and exits with %d', async (signals, args, expected) => {
    const { code, stderr } = await ended(args, signals);
    expect(code).toBe(expected);
    expect(stderr).toMatch(/^Interrupted: 0 of 1 runs are done\./m);
    // Only the end of its time asks for another turn: what a user has cancelled must not come back.
    expect(stderr.includes("warning: Slurm's task 12_3 is not in the queue again")).toBe(signals[0] === 'SIGUSR2');
    expect(record(`${stem}.json`).state).toBe('interrupted');
    expect(existsSync(join(folder, `${stem}.checkpoint.safetensors`))).toBe(true);
  });
});
