import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/results/record.js';
import { repository } from '../installed.js';
import { filesBelow } from './hypergrad.js';
import { shell } from './shell.js';

const found = (program: string) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((folder) => existsSync(join(folder, program)));
const lacking = ['slurmctld', 'slurmd', 'sbatch', 'munged'].filter((program) => !found(program));
const isRoot = process.getuid?.() === 0;
const why = lacking.length > 0 ? `${lacking.join(', ')} not installed` : isRoot ? '' : 'not root';

describe.skipIf(why !== '')(`a sweep on a Slurm of this machine${why && ` (skipped: ${why})`}`, () => {
  let home = '';
  let folder = '';
  const script = join(repository, 'scripts/slurm.sh');
  const env = () => ({ SLURM_CONF: join(home, 'slurm.conf') });
  const run = async (line: string) => {
    const { code, stdout, stderr } = await shell(line, { cwd: folder, env: env() });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return { stdout, stderr };
  };
  const records = () =>
    filesBelow(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as RunRecord);

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'hypergrad-slurm-'));
    folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
    const path = [process.env.PATH, '/usr/sbin'].join(delimiter);
    execFileSync(script, ['start', home], {
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }, 30_000);
  afterAll(() => {
    execFileSync(script, ['stop', home]);
    for (const each of [home, folder]) rmSync(each, { recursive: true, force: true, maxRetries: 20 });
  }, 30_000);

  it('goes on after a task was preempted and another at the end of its time', { timeout: 120_000 }, async () => {
    const grid = 'hypergrad sweep --method sgd,adam --seed 1..3 --reduction 60 --epochs 1000';
    const { stdout } = await run(`${grid} --slurm 2 --submit`);
    expect(stdout).toMatch(/^\d+\n$/);
    const job = stdout.trim();
    while (filesBelow(folder).filter((name) => name.endsWith('.csv.partial')).length < 2) await setTimeout(50);
    await setTimeout(300);
    // What the scheduler does to a task that it preempts, and what it sends before the end of a task's time.
    await run(`scontrol requeue ${job}_0 && scancel --batch --signal=USR2 ${job}_1`);
    const waiting = async () => (await run('squeue --noheader --array --format=%T')).stdout;
    while ((await waiting()) !== 'PENDING\nPENDING\n') await setTimeout(100);
    expect(records().map(({ state }) => state)).toEqual(['interrupted', 'interrupted']);
    // Slurm lets two minutes pass before it starts them again; within the second it would take them for killed.
    await setTimeout(2500);
    await run(`scontrol update JobId=${job}_0 StartTime=now && scontrol update JobId=${job}_1 StartTime=now`);
    const logs = [0, 1].map((task) => `slurm-${job}_${task}.out`);
    const done = (log: string) => /^6 of 6 runs done, 0 failed, 0 left$/m.test(readFileSync(join(folder, log), 'utf8'));
    while (!logs.every(done)) await setTimeout(200);

    expect((await run(`${grid} --dry-run`)).stderr).toBe(
      '6 runs: 6 finished, 0 left (0 under way, 0 interrupted, 0 failed).\n',
    );
    expect(
      records()
        .map(({ resumed }) => resumed)
        .sort(),
    ).toEqual([0, 0, 0, 0, 1, 1]);
    expect(filesBelow(join(folder, 'results'))).toHaveLength(2 * 6);
    // The second where Slurm was quicker to end the task than to answer it.
    expect(readFileSync(join(folder, logs[1]!), 'utf8')).toMatch(
      new RegExp(
        `^Slurm (has task ${job}_1 in its queue again\\.|ended task ${job}_1 as it was put into the queue)`,
        'm',
      ),
    );
  });
});
