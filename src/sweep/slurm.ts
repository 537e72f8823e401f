import { shellWord } from '../text.js';

/** A sweep as the tasks of a Slurm job array. */
export interface SlurmJob {
  /** How many; each takes runs of the sweep as long as there are any. */
  readonly tasks: number;
  /** Cores of a task. */
  readonly cores: number;
  /** Memory of a task, in GiB; what the cluster gives where it is undefined. */
  readonly memory: number | undefined;
  /** The folder that it works in, on every node. */
  readonly folder: string;
  /** Further options of sbatch: `time=2:00:00`. */
  readonly options: readonly string[];
  /** The program with its first arguments, as every node finds it. */
  readonly program: readonly string[];
  /** Arguments of the sweep. */
  readonly args: readonly string[];
}

/** Seconds before the end of a task's time at which it is told: enough to write the checkpoints of all its runs. */
const warning = 120;

/** Options that the script has its own of. */
export const ownSlurmOptions = [
  ...(['array', 'chdir', 'cpus-per-task', 'mem', 'no-requeue', 'open-mode', 'requeue', 'signal', 'wrap'] as const),
] as const;

/** The script of a job array, for sbatch. */
export function slurmScript({ tasks, cores, memory, folder, options, program, args }: SlurmJob): string {
  const ours = [
    'job-name=hypergrad',
    `array=0-${tasks - 1}`,
    `cpus-per-task=${cores}`,
    ...(memory === undefined ? [] : [`mem=${memory}G`]),
    `chdir=${folder}`,
    'output=slurm-%A_%a.out',
    'open-mode=append',
    'requeue',
    `signal=B:USR2@${warning}`,
  ];
  const words = [...program, 'sweep', ...args].map(shellWord);
  return [
    '#!/bin/bash',
    ...[...ours, ...options].map((option) => `#SBATCH --${directive(option)}`),
    '',
    '# The tasks share the runs by the locks and the records in the results folder. Before its time is up a task writes',
    '# checkpoints and has itself put back into the queue. By exec, as only the script itself hears of it.',
    `exec ${words.join(' ')} --part "$SLURM_ARRAY_TASK_ID/${tasks}" --requeue`,
    '',
  ].join('\n');
}

/** An option as sbatch reads it in a script. */
function directive(option: string): string {
  const [, name = option, value] = /^([^=]*)=(.*)$/.exec(option) ?? [];
  if (value === undefined) return name;
  return `${name}=${/^[\w./:@%+=,-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`}`;
}
