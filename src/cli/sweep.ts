import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.js';
import { combinations } from '../sweep/grid.js';
import type { PlannedRun, RunOrder } from '../sweep/plan.js';
import { align } from '../text.js';
import { integer } from './arguments.js';
import { threadBounds } from './bounds.js';
import { duration } from './duration.js';
import { interruptible } from './interrupt.js';
import { print, say } from './output.js';
import { nearest } from './suggestion.js';
import { gridOf, listOf, orderOf, sweepNames, sweepOptions, type Lists, type SweepName } from './sweep_options.js';
import { refuseImpossible } from './train_options.js';

interface SweepFlags extends Lists {
  readonly only: readonly Choice[];
  readonly dryRun: boolean;
  readonly jobs: number;
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
  return command
    .optionsGroup('Of the sweep:')
    .option('--only <option=values>', 'only runs with these values, as model=mlp; may be given again', choice, [])
    .option('--dry-run', 'print the runs and how they stand, and write nothing', false)
    .option('--jobs <count>', 'runs side by side, each in a process', integer({ ...threadBounds, least: 1 }), 1)
    .option('--retryFailed', 'try failed runs again', false)
    .option('--failFast', 'stop all at the first failure', false)
    .option('--silent', 'show nothing', false)
    .action((file: string | undefined, flags: SweepFlags) => interruptible((signal) => sweep(file, flags, signal)));
}

async function sweep(file: string | undefined, flags: SweepFlags, signal: AbortSignal): Promise<void> {
  const { dryRun, jobs, retryFailed, failFast, silent } = flags;
  const orders = await ordersOf(file, flags);
  const [{ plan, secondsLeft }, { circumstances }, { aloud }] = await Promise.all([
    import('../sweep/plan.js'),
    import('./circumstances.js'),
    import('./dataset.js'),
  ]);
  // A dry run writes nothing, data neither.
  const planned = dryRun ? orders.map((order) => ({ ...order, offline: true })) : orders;
  const runs = await aloud(silent, signal, (talk) => plan(planned, circumstances(talk)));
  if (runs === undefined) return;
  if (dryRun) {
    printPlan(runs, secondsLeft(runs, jobs));
    return;
  }
  const [{ runAll }, { sweepProgress }] = await Promise.all([
    import('../sweep/pool.js'),
    import('./sweep_progress.js'),
  ]);
  const finished = runs.filter(({ state }) => state === 'finished').length;
  const failed = retryFailed ? 0 : runs.filter(({ state }) => state === 'failed').length;
  const left = runs.filter(({ state }) => state !== 'finished' && (retryFailed || state !== 'failed'));
  const progress = sweepProgress(left, { all: runs.length, finished, failed, silent });
  const worker = new URL('./sweep_worker.js', import.meta.url);
  const cores = Math.max(1, Math.floor(availableParallelism() / jobs));
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

/** The runs that a file, or the command line alone, asks for. */
async function ordersOf(file: string | undefined, flags: SweepFlags): Promise<RunOrder[]> {
  const grids = file === undefined ? [{}] : (await import('./sweep_file.js')).readSweepFile(file);
  const given = Object.fromEntries(
    sweepNames.filter((name) => flags[name] !== undefined).map((name) => [name, asList(flags[name])]),
  );
  const runs = grids.flatMap((grid) => combinations(gridOf({ ...grid, ...given })));
  const chosen = runs.filter((run) => flags.only.every(({ name, values }) => values.includes(run[name])));
  if (chosen.length === 0) throw new UsageError('None of the runs has the values that --only asks for.');
  for (const run of chosen) refuseImpossible(run);
  return chosen.map(orderOf);
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
  const parts = [`${count('interrupted')} interrupted`, `${count('failed')} failed`];
  const time = seconds === undefined ? 'how long that takes is not known yet' : `about ${duration(seconds)}`;
  say(`${runs.length} runs: ${finished} finished, ${left} left (${parts.join(', ')})${left > 0 ? `; ${time}` : ''}.`);
}
