import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.js';
import { matches, runsOf } from '../sweep/grid.js';
import type { PlannedRun, RunOrder } from '../sweep/plan.js';
import { align } from '../text.js';
import { integer } from './arguments.js';
import { jobBounds, threadBounds } from './bounds.js';
import { duration } from './duration.js';
import { bearSchedulers, firstSignal, interruptible } from './interrupt.js';
import { print, say } from './output.js';
import { nearest } from './suggestion.js';
import {
  addClusterOptions,
  beginningWith,
  comeAgain,
  refuseUnfit,
  toCluster,
  type ClusterFlags,
} from './sweep_cluster.js';
import {
  argumentsOf,
  gridOf,
  listOf,
  listText,
  orderOf,
  sweepNames,
  sweepOptions,
  type Lists,
  type SweepName,
} from './sweep_options.js';
import { forMethod, refuseImpossible, type TrainFlags } from './train_options.js';

interface SweepFlags extends Lists, ClusterFlags {
  readonly only: readonly Choice[];
  readonly dryRun: boolean;
  readonly jobs?: number;
  readonly retryFailed: boolean;
  readonly failFast: boolean;
  readonly silent: boolean;
}

/** Values of an option that runs are chosen by. */
interface Choice {
  readonly name: SweepName;
  readonly values: readonly unknown[];
}

/** `hypergrad sweep`: trains every combination of its lists, and what is left of them when it is called again. */
export function sweepCommand(): Command {
  const command = new Command('sweep')
    .description('train every combination of values, save each, and go on where an earlier call stopped')
    .argument('[file]', 'a YAML file with the same options by name; those given here take the place of its own');
  for (const option of sweepOptions()) command.addOption(option);
  command
    .optionsGroup('Of the sweep:')
    .option('--only <option=values>', 'only runs with these values, as model=mlp; may be given again', choice, [])
    .option('--dry-run', 'print the runs and how they stand, and write nothing', false)
    .option(
      '--jobs <count>',
      'runs side by side, each in a process (default: 1; 1 a core for many of logreg)',
      integer(jobBounds),
    )
    .option('--retryFailed', 'try failed runs again', false)
    .option('--failFast', 'stop all at the first failure', false)
    .option('--silent', 'show nothing', false);
  return addClusterOptions(command).action((file: string | undefined, flags: SweepFlags) =>
    interruptible(async (signal) => {
      if (flags.requeue) bearSchedulers();
      await sweep(file, flags, signal);
      if (flags.requeue) comeAgain(firstSignal(), flags.silent);
    }),
  );
}

async function sweep(file: string | undefined, flags: SweepFlags, signal: AbortSignal): Promise<void> {
  const { dryRun, retryFailed, failFast, silent } = flags;
  refuseUnfit(flags);
  const given = givenLists(flags);
  const isElsewhere = !dryRun && (flags.slurm !== undefined || flags.k8s !== undefined);
  const orders = await ordersOf(file, given, { only: flags.only, isElsewhere });
  if (isElsewhere) {
    const folders = [...new Set(orders.flatMap(({ dir, data }) => [dir, ...(data === undefined ? [] : [data])]))];
    const jobs = flags.jobs ?? 1;
    const args = [...argumentsOf(given), ...argumentsOfSweep({ ...flags, jobs })];
    const overwrite = orders.some((each) => each.overwrite);
    await toCluster({ file, args, jobs, overwrite, runs: orders.length, folders }, flags);
    return;
  }
  if (flags.jobs !== undefined) refuseTooManyJobs(flags.jobs);
  const [{ plan, secondsLeft }, { jobsFor }, { circumstances }, { aloud }] = await Promise.all([
    import('../sweep/plan.js'),
    import('../sweep/groups.js'),
    import('./circumstances.js'),
    import('./dataset.js'),
  ]);
  // A dry run writes nothing, data neither.
  const planned = dryRun ? orders.map((order) => ({ ...order, offline: true })) : orders;
  const runs = await aloud(silent, signal, (talk) => plan(beginningWith(planned, flags.part), circumstances(talk)));
  if (runs === undefined) return;
  const allCores = flags.cores ?? availableParallelism();
  const jobsOf = (some: typeof runs) => flags.jobs ?? jobsFor(some, allCores);
  if (dryRun) {
    printPlan(runs, secondsLeft(runs, jobsOf(runs.filter(({ state }) => state !== 'finished'))));
    return;
  }
  const [{ runAll }, { sweepProgress }] = await Promise.all([
    import('../sweep/pool.js'),
    import('./sweep_progress.js'),
  ]);
  const finished = runs.filter(({ state }) => state === 'finished').length;
  const failed = retryFailed ? 0 : runs.filter(({ state }) => state === 'failed').length;
  const left = runs
    .filter(({ state }) => state !== 'finished' && (retryFailed || state !== 'failed'))
    .map((run) => (retryFailed ? run : { ...run, failedAt: undefined }));
  const progress = sweepProgress(left, { all: runs.length, finished, failed, silent });
  const worker = new URL('./sweep_worker.js', import.meta.url);
  const jobs = jobsOf(left);
  const cores = Math.max(1, Math.floor(allCores / jobs));
  await runAll(left, { worker, jobs, cores, signal, failFast, observer: progress });
  progress.done();
  if (signal.aborted) {
    const { done } = progress.counts;
    if (!silent) say(`Interrupted: ${done} of ${runs.length} runs are done. The same command goes on from there.`);
    return;
  }
  if (progress.counts.failed > 0) process.exitCode = 1;
  if (left.length > 0 && !silent) {
    say(
      `The results are in ${[...new Set(orders.map(({ dir }) => dir))].join(', ')}; hypergrad summary tells what came of them.`,
    );
  }
  if (failed > 0 && !silent) say(`${failed} of the runs failed earlier; --retryFailed tries them again.`);
}

/** The options of the runs that stand on the command line. */
function givenLists(flags: SweepFlags): Lists {
  return Object.fromEntries(
    sweepNames.filter((name) => flags[name] !== undefined).map((name) => [name, asList(flags[name])]),
  );
}

/** The arguments that a task of a cluster is given besides. */
function argumentsOfSweep({
  only,
  jobs,
  retryFailed,
  failFast,
  silent,
}: SweepFlags & { readonly jobs: number }): string[] {
  return [
    ...only.flatMap(({ name, values }) => ['--only', `${name}=${listText(values)}`]),
    ...['--jobs', String(jobs)],
    ...Object.entries({ retryFailed, failFast, silent }).flatMap(([name, isGiven]) => (isGiven ? [`--${name}`] : [])),
  ];
}

function refuseTooManyJobs(jobs: number): void {
  const { most, because } = threadBounds;
  if (jobs > most!) throw new UsageError(`--jobs ${jobs}: It takes an integer, 1 to ${most}: ${because}.`);
}

/** The runs that a file, or the command line alone, asks for. */
async function ordersOf(
  file: string | undefined,
  given: Lists,
  { only, isElsewhere }: { readonly only: readonly Choice[]; readonly isElsewhere: boolean },
): Promise<RunOrder[]> {
  const grids =
    file === undefined ? [{ lists: {}, exclude: [] }] : (await import('./sweep_file.js')).readSweepFile(file);
  const runs = runsOf(
    grids.map(({ lists, exclude }) => {
      const all: Lists = { ...lists, ...given };
      return {
        grid: gridOf(all),
        exclude,
        complete: (run: Pick<TrainFlags, SweepName>) => forMethod(run, (option) => option in all),
      };
    }),
  );
  if (runs.length === 0) throw new UsageError('The sweep has no runs: exclude leaves out all of them.');
  const chosen = runs.filter((run) => only.every(({ name, values }) => matches(run, { [name]: values })));
  if (chosen.length === 0) throw new UsageError('None of the runs has the values that --only asks for.');
  for (const run of chosen) refuseImpossible(run);
  return Promise.all(chosen.map((run) => orderOf(run, isElsewhere)));
}

/** A switch comes as it is. */
function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** `model=mlp` or `seed=1..3`; several of one option are alternatives within it. */
function choice(given: string, before: readonly Choice[]): Choice[] {
  const [, option = '', values = ''] = /^(?:--)?(\w+)=(.*)$/.exec(given) ?? [];
  const name = sweepNames.find((known) => known === option);
  if (name) return [...before, { name, values: listOf(name, values) }];
  const near = nearest(option, sweepNames);
  throw new InvalidArgumentError(
    `${near === undefined ? '' : `Did you mean ${near}=…? `}It takes an option and values of it, like model=logreg,mlp.`,
  );
}

/** A line a run on standard output, what there is to do on the other. */
function printPlan(runs: readonly PlannedRun[], seconds: number | undefined): void {
  const lines = [['ID', 'RESULTS', 'STATE'], ...runs.map(({ id, target, state }) => [id, target, state])];
  print(`${align(lines, { left: [0, 1, 2] }).join('\n')}\n`);
  const count = (state: PlannedRun['state']) => runs.filter((run) => run.state === state).length;
  const finished = count('finished');
  const left = runs.length - finished;
  const parts = (['under way', 'interrupted', 'failed'] as const).map((state) => `${count(state)} ${state}`);
  const time = seconds === undefined ? 'how long that takes is not known yet' : `about ${duration(seconds)}`;
  say(`${runs.length} runs: ${finished} finished, ${left} left (${parts.join(', ')})${left > 0 ? `; ${time}` : ''}.`);
}
