import { RunFailure } from '../errors.js';
import { Held, hold, type Lock } from '../lock.js';
import type { RunRecord } from '../results/record.js';
import type { Position } from '../training/position.js';
import { train, trainTogether, type SharedOptions } from '../training/train.js';
import { circumstancesOf, identityOf } from './settings.js';
import { beginning, filesOf, lookAt, settle, type TargetFiles } from './target.js';
import { keeperOf, ownOf, type Keeper } from './keeper.js';
import type { Outcome, Result, RunOptions, SavedRunOptions } from './outcome.js';

/** Runs, and writes nothing. */
export async function runUnsaved(options: RunOptions): Promise<void> {
  for await (const stretch of train({ ...ownOf(options.settings), ...sharedOf(options) }))
    options.observer.stretch(stretch);
}

/**
 * Runs, and keeps what comes of it under the results folder: the rows, a record of what the run was, checkpoints on the
 * way. Finished results are replaced only by finished ones.
 *
 * @throws UsageError where something would be lost, RunFailure where the disk fails.
 */
export async function runSaved(options: SavedRunOptions): Promise<Outcome> {
  let end: Result | undefined;
  await runTogether([options], (_, result) => (end = result));
  if (end?.kind === 'failed') throw end.error;
  return end as Outcome;
}

/**
 * The same of several runs, with one data set, engine and signal, that `trainTogether` can train: each has its own files, its
 * own end, and its own failure, of which the others hear nothing. Those that go on from where they were are trained with
 * those that are as far.
 *
 * @param ended is told how each came to its end, by its index, once it has.
 */
export async function runTogether(
  all: readonly SavedRunOptions[],
  ended: (run: number, result: Result) => void,
): Promise<void> {
  const locks: Lock[] = [];
  const groups = new Map<string, { run: number; keeper: Keeper }[]>();
  try {
    for (const [run, options] of all.entries()) {
      try {
        const files = filesOf(options.target);
        const lock = lockOf(files);
        if (lock instanceof Held) {
          ended(run, { kind: 'held', why: lock.message });
          continue;
        }
        locks.push(lock);
        const begun = begin(files, lock, options);
        if (!begun.keeper) ended(run, begun.result);
        else groups.set(begun.where, [...(groups.get(begun.where) ?? []), { run, keeper: begun.keeper }]);
      } catch (error) {
        ended(run, { kind: 'failed', error });
      }
    }
    for (const group of groups.values()) {
      const keepers = group.map(({ keeper }) => keeper);
      await trainAndKeep(keepers, all[group[0]!.run]!, (i, result) => ended(group[i]!.run, result));
    }
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Looks at what is there of a run: its end, or who keeps what is to come, and where it goes on, the same for those that can together. */
function begin(files: TargetFiles, lock: Lock, options: SavedRunOptions) {
  const { settings, dataset, engine, target, observer } = options;
  settle(files);
  const identity = identityOf(settings, circumstancesOf(dataset, engine));
  if (options.leaveFailed && !options.overwrite) {
    // Who fails notes it before the lock is another's: nobody who is told to leave it alone fails at it a second time.
    const { state, record } = lookAt(target, identity);
    if (state === 'failed' && record?.ended !== options.leaveFailed.unless) {
      return {
        result: { kind: 'failed', error: new RunFailure(`${whyOf(record)} (In another sweep, just now.)`) } as const,
      };
    }
  }
  const todo = beginning(files, identity, options);
  if (todo.kind === 'finished') {
    return { result: { kind: 'already', results: target, recorded: todo.record !== undefined } as const };
  }
  if (todo.kind === 'begin' && todo.why !== undefined) observer.line(todo.why);
  const from = todo.kind === 'resume' ? todo.checkpoint : undefined;
  return { keeper: keeperOf(files, identity, lock, from, options), where: whereOf(from?.position) };
}

/** A run may have been saved before its epoch's validation, and another of its group after it. */
function whereOf(position: Position | undefined): string {
  if (!position) return 'at the beginning';
  return `after step ${position.step}${position.due ? ', before the validation' : ''}`;
}

function whyOf(record: RunRecord | undefined): string {
  return record?.error ?? 'Its record does not tell why it failed.';
}

/** Trains runs together that begin at the same place. */
async function trainAndKeep(
  keepers: readonly Keeper[],
  options: SavedRunOptions,
  ended: (i: number, result: Result) => void,
): Promise<void> {
  const failed = new Set<Keeper>();
  const fail = (i: number, error: unknown) => {
    failed.add(keepers[i]!);
    ended(i, keepers[i]!.failed(error));
  };
  const eachLeft = async (action: (keeper: Keeper, i: number) => unknown) => {
    for (const [i, keeper] of keepers.entries()) if (!failed.has(keeper)) await action(keeper, i);
  };
  try {
    const own = keepers.map((keeper) => keeper.own);
    for await (const stretches of trainTogether(own, { ...sharedOf(options), keepModel: options.keepModel })) {
      await eachLeft(async (keeper, i) => {
        try {
          await keeper.take(stretches[i]!, keepers.length);
        } catch (error) {
          fail(i, error);
        }
      });
      if (failed.size === keepers.length) break;
    }
    await eachLeft((keeper, i) => ended(i, keeper.ended()));
  } catch (error) {
    // What they fail at before there is a row, one of them may fail at alone.
    const apart = keepers.length > 1 && keepers.every((keeper) => !keeper.begun());
    await eachLeft((_, i) => (apart ? ended(i, { kind: 'apart' }) : fail(i, error)));
  } finally {
    for (const keeper of keepers) keeper.close();
  }
}

function lockOf({ lock, results }: TargetFiles): Lock | Held {
  try {
    const wayOut = 'Wait for it, end it, or choose another results folder with --dir.';
    return hold(lock, { work: `writing ${results}`, wayOut });
  } catch (error) {
    if (error instanceof Held) return error;
    throw error;
  }
}

function sharedOf({ settings, dataset, engine, signal }: RunOptions): SharedOptions {
  const { model, method, seed, batchSize, epochs, iterations, lossThreshold, workers, parallel } = settings;
  return {
    ...{ model, method, seed, batchSize, epochs, iterations, lossThreshold, workers, replicas: parallel },
    ...{ dataset, engine, signal },
  };
}
