import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { RunFailure, UsageError } from '../errors.js';
import { readText } from '../files.js';
import { ownSlurmOptions, slurmScript } from '../sweep/slurm.js';
import { shown } from '../text.js';
import { integer } from './arguments.js';
import { coreBounds, memoryBounds, taskBounds } from './bounds.js';
import { print, say } from './output.js';

export interface ClusterFlags {
  readonly slurm?: number;
  readonly sbatch: readonly string[];
  readonly submit: boolean;
  readonly k8s?: number;
  readonly image: string;
  readonly claim: string;
  readonly cores?: number;
  readonly memory?: number;
  readonly part?: Part;
  readonly requeue: boolean;
}

/** Which of so many parts of the runs is begun with; from 0, as schedulers count. */
export interface Part {
  readonly index: number;
  readonly parts: number;
}

const presets = { image: 'hypergrad', claim: 'hypergrad' };

/** Adds the options of a sweep that are about clusters. */
export function addClusterOptions(command: Command): Command {
  return command
    .optionsGroup('On a cluster:')
    .option(
      '--slurm <tasks>',
      'print a Slurm script instead: a job array whose tasks share the runs',
      integer(taskBounds),
    )
    .option(
      '--sbatch <option>',
      'of --slurm: an option of sbatch, as time=2:00:00; may be given again',
      sbatchOption,
      [],
    )
    .option('--submit', 'of --slurm: hand the script to sbatch, and print the number of the job', false)
    .option(
      '--k8s <pods>',
      'print the manifest of a Kubernetes Job instead, whose pods share the runs',
      integer(taskBounds),
    )
    .option('--image <name>', 'of --k8s: the container image, as the Dockerfile makes it', presets.image)
    .option('--claim <name>', 'of --k8s: the claim of the volume for the results', presets.claim)
    .option(
      '--cores <count>',
      'cores that the runs share (default: all; of a task of --slurm or --k8s, one a job)',
      integer(coreBounds),
    )
    .option('--memory <GiB>', 'of --slurm and --k8s: memory of a task', integer(memoryBounds))
    .addOption(
      new Option('--part <i/n>', 'begin with the runs of this part, from 0/n on; then help with the others').argParser(
        part,
      ),
    )
    .option(
      '--requeue',
      'when a scheduler ends it (SIGTERM, SIGUSR2), exit with 75; for SIGUSR2, a Slurm task goes back into the queue',
      false,
    );
}

function sbatchOption(given: string, before: readonly string[]): string[] {
  const [, name = '', value] = /^(?:--)?([a-z][a-z0-9-]*)(?:=(\P{Cc}+))?$/u.exec(given) ?? [];
  if (name === '') throw new InvalidArgumentError('It takes an option of sbatch by its long name, like time=2:00:00.');
  if (ownSlurmOptions.some((own) => own === name)) {
    const instead = { 'cpus-per-task': ' --cores is for that.', mem: ' --memory is for that.' }[name] ?? '';
    throw new InvalidArgumentError(`The script has its own ${name}.${instead}`);
  }
  return [...before, value === undefined ? name : `${name}=${value}`];
}

function part(given: string): Part {
  const [, index = -1, parts = 0] = /^(\d{1,6})\/(\d{1,6})$/.exec(given)?.map(Number) ?? [];
  if (index >= 0 && index < parts) return { index, parts };
  throw new InvalidArgumentError('It takes a part and how many there are, 0/4 to 3/4.');
}

/** A list, beginning with one of its parts. */
export function beginningWith<T>(items: readonly T[], part: Part | undefined): readonly T[] {
  if (!part) return items;
  const start = Math.floor((items.length * part.index) / part.parts);
  return [...items.slice(start), ...items.slice(0, start)];
}

/** What is handed to a cluster. */
export interface ClusterSweep {
  /** Of the command line: the sweep's file, and its arguments but those for clusters. */
  readonly file: string | undefined;
  readonly args: readonly string[];
  readonly jobs: number;
  readonly overwrite: boolean;
  /** How many there are. */
  readonly runs: number;
  /** The folders of results and data. */
  readonly folders: readonly string[];
}

/** @throws UsageError where options for clusters are given that do not belong together. */
export function refuseUnfit(flags: ClusterFlags): void {
  const { slurm, k8s, submit, sbatch, image, claim, memory, requeue, part } = flags;
  const without = (needed: string, given: readonly (readonly [string, boolean])[]) => {
    const [name] = given.find(([, isGiven]) => isGiven) ?? [];
    if (name !== undefined) throw new UsageError(`--${name} is of ${needed}; give that too, or leave it out.`);
  };
  if (slurm !== undefined && k8s !== undefined) {
    throw new UsageError('--slurm and --k8s are two clusters; give one of them.');
  }
  if (slurm === undefined)
    without('--slurm', [
      ['submit', submit],
      ['sbatch', sbatch.length > 0],
    ]);
  if (k8s === undefined)
    without('--k8s', [
      ['image', image !== presets.image],
      ['claim', claim !== presets.claim],
    ]);
  if (slurm === undefined && k8s === undefined) without('--slurm and --k8s', [['memory', memory !== undefined]]);
  else if (requeue || part) {
    throw new UsageError(
      `--${requeue ? 'requeue' : 'part'} is for a task; --slurm and --k8s give it to theirs. Leave it out.`,
    );
  }
}

/** Prints what starts the sweep on a cluster, or hands it to Slurm. Nothing is looked at or written. */
export async function toCluster(sweep: ClusterSweep, flags: ClusterFlags): Promise<void> {
  const { jobs, args } = sweep;
  const { slurm, k8s, sbatch, submit, image, claim, cores = jobs, memory } = flags;
  const tasks = slurm ?? k8s!;
  if (sweep.overwrite) {
    throw new UsageError('--overwrite would have every task train all runs, again after each restart; leave it out.');
  }
  if (tasks > sweep.runs) {
    throw new UsageError(
      `--${slurm ? 'slurm' : 'k8s'} ${tasks}: more tasks than there are runs, which are ${sweep.runs}.`,
    );
  }
  if (slurm === undefined) {
    // It brings a library for YAML along, which would take every command's start a while.
    const { kubernetesManifest, volumeFolder } = await import('../sweep/kubernetes.js');
    for (const folder of sweep.folders) refuseOutside(volumeFolder, folder);
    const file = sweep.file === undefined ? undefined : readText(sweep.file);
    print(
      kubernetesManifest({ pods: tasks, cores, memory, image, claim, file, args: [...args, '--cores', String(cores)] }),
    );
    return;
  }
  const folder = process.cwd();
  if (/\p{Cc}/u.test(folder)) throw new UsageError(`The folder ${shown(folder)} has a name that no script can hold.`);
  const script = slurmScript({
    ...{ tasks, cores, memory, folder, options: sbatch },
    // Not by npx: it would not hand on the signals.
    program: [process.execPath, realpathSync(process.argv[1]!)],
    args: [...(sweep.file === undefined ? [] : [sweep.file]), ...args, '--cores', String(cores)],
  });
  if (submit) print(`${submitted(script)}\n`);
  else print(script);
}

function refuseOutside(volumeFolder: string, folder: string): void {
  const inside = relative(volumeFolder, isAbsolute(folder) ? folder : `${volumeFolder}/${folder}`);
  if (!inside.startsWith('..')) return;
  throw new UsageError(
    `${shown(folder)} is not on the volume, which a pod has at ${volumeFolder}; give a folder in it, like results.`,
  );
}

/** Hands a script to sbatch; the number of its job. @throws UsageError where there is no sbatch, RunFailure where it refuses. */
function submitted(script: string): string {
  const { error, status, stdout, stderr } = spawnSync('sbatch', ['--parsable'], { input: script, encoding: 'utf8' });
  if (error) {
    throw new UsageError(
      `sbatch cannot be run here (${shown(error.message)}). Without --submit the script is printed; hand it to sbatch where that is.`,
    );
  }
  if (status !== 0) throw new RunFailure(`sbatch has refused the script: ${shown(inOneLine(stderr), 500)}`);
  // 'number', or 'number;cluster'
  return stdout.trim().split(';')[0]!;
}

function inOneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}

/** What a scheduler is to read in the exit code: not failed, start it again. That of sysexits.h's EX_TEMPFAIL. */
const again = 75;

/**
 * Ends a task that a scheduler has interrupted: it exits with 75, and where its time is up (SIGUSR2) it is put back into
 * Slurm's queue. On SIGTERM it is not: Slurm does that itself with what it preempts, and what a user has cancelled must
 * not come back.
 */
export function comeAgain(by: NodeJS.Signals | undefined, silent: boolean): void {
  if (by !== 'SIGTERM' && by !== 'SIGUSR2') return;
  process.exitCode = again;
  const { SLURM_JOB_ID, SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID } = process.env;
  if (by !== 'SIGUSR2' || SLURM_JOB_ID === undefined) return;
  const task = SLURM_ARRAY_JOB_ID === undefined ? SLURM_JOB_ID : `${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}`;
  const { error, status, signal, stderr } = spawnSync('scontrol', ['requeue', task], { encoding: 'utf8' });
  if (!error && status === 0) {
    if (!silent) say(`Slurm has task ${task} in its queue again.`);
    return;
  }
  // Slurm ends all processes of a task that it requeues: scontrol, too, which may not have answered yet.
  if (signal === 'SIGTERM' || signal === 'SIGKILL') {
    if (!silent) say(`Slurm ended task ${task} as it was put into the queue again; squeue tells whether it is there.`);
    return;
  }
  const why = shown(error?.message ?? inOneLine(stderr), 300);
  say(`warning: Slurm's task ${task} is not in the queue again (${why}); submit the script again to go on.`);
}
