import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { slurmScript } from '../../src/sweep/slurm.js';

const fixture = new URL('../fixtures/slurm.sh', import.meta.url);
const job = {
  ...{ tasks: 4, cores: 2, memory: 8, folder: '/home/ann/my runs' },
  options: ['time=2:00:00', 'exclusive', 'comment=α "and" \\ #β'],
  program: ['/usr/bin/node', '/home/ann/hypergrad/dist/cli/main.js'],
  args: ['a grid.yaml', '--seed', '1..5', '--dir', "it's $HOME `id`", '--jobs', '2', '--cores', '2'],
};

describe('the script for Slurm', () => {
  it('is what it was when it was last looked at, and tried on a Slurm', () => {
    expect(slurmScript(job)).toBe(readFileSync(fixture, 'utf8'));
  });

  it.skipIf(process.platform === 'win32')('gives the program its arguments as they are', () => {
    const script = slurmScript({ ...job, program: ['printf', '%s\\n'] });
    const env = { ...process.env, SLURM_ARRAY_TASK_ID: '3' };
    const printed = execFileSync('bash', ['-s'], { input: script, env, encoding: 'utf8' });
    expect(printed.trimEnd().split('\n')).toEqual(['sweep', ...job.args, '--part', '3/4', '--requeue']);
  });

  it('asks for no memory where none is given', () => {
    expect(slurmScript({ ...job, memory: undefined })).not.toContain('--mem');
  });
});
