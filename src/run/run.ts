import { rmSync } from 'node:fs';
import { arch, cpus, homedir, platform } from 'node:os';
import { basename } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { RunFailure, UsageError } from '../errors.js';
import { writeWhole } from '../files.js';
import { Held, hold, type Lock } from '../lock.js';
import { runId, writeRecord, type Identity, type Machine, type Reached, type RunRecord } from '../results/record.js';
import type { Row } from '../results/row.js';
import { openLearned, openResults, type LearnedWriter, type ResultsWriter } from '../results/writer.js';
import type { Position } from '../training/position.js';
import { train, trainTogether, type OwnOptions, type SharedOptions, type Stretch } from '../training/train.js';
import { writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { arraysOf } from './network.js';
import { encodeSafetensors } from './safetensors.js';
import { circumstancesOf, identityOf, type Settings } from './settings.js';
import { beginning, complete, filesOf, lookAt, settle, unfinishedRecord, type TargetFiles } from './target.js';

export interface RunOptions {
  readonly settings: Settings;
  readonly dataset: Dataset;
  readonly engine: Engine;
  /** Ends the run early, with a checkpoint of where it stopped. */
  readonly signal: AbortSignal;
  readonly observer: RunObserver;
}

export interface SavedRunOptions extends RunOptions {
  /** The path of the results file. */
  readonly target: string;
  /** Go on from the last checkpoint; leave a finished run alone. */
  readonly resume: boolean;
  /** Replace whatever is there. */
  readonly overwrite: boolean;
  /** Minutes between checkpoints; 0: none are written. */
  readonly checkpoint: number;
  /** Keep the trained network beside the results. */
  readonly keepModel: boolean;
  /** Leave a run alone that has failed, unless its failure is the one of that time. Default: it is tried again. */
  readonly leaveFailed?: { readonly unless: string | undefined };
}

/** Whoever follows a run. */
export interface RunObserver {
  /** Something to say that stays. */
  line(text: string): void;
  /** The run goes on from where it was. */
  resumed(reached: Reached, seconds: number): void;
  stretch(stretch: Stretch): void;
  checkpointed(seconds: number): void;
}

/** How a run that is kept came to its end. */
export type Outcome =
  | { readonly kind: 'finished'; readonly results: string; readonly model: string | undefined }
  /** It was there: nothing has been done. Results of another program have no record. */
  | { readonly kind: 'already'; readonly results: string; readonly recorded: boolean }
  /** `iteration` is undefined where there was no row to write yet. */
  | {
      readonly kind: 'interrupted';
      readonly iteration: number | undefined;
      readonly partial: string;
      readonly resumable: boolean;
    }
  /** Another process is at it; `why` tells which, and the way out. */
  | { readonly kind: 'held'; readonly why: string };

/** Runs, and writes nothing. */
export async function runUnsaved(options: RunOptions): Promise<void> {
  for await (const stretch of train({ ...ownOf(options.settings), ...sharedOf(options) }))
    options.observer.stretch(stretch);
}

/** How one of several runs came to its end. */
export type Result =
  | Outcome
  | { readonly kind: 'failed'; readonly error: unknown }
  /** They cannot be trained together: each is to be tried alone, and nothing has been written. */
  | { readonly kind: 'apart' };

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
  const groups = new Map<number | undefined, { run: number; keeper: Keeper }[]>();
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
        else groups.set(begun.step, [...(groups.get(begun.step) ?? []), { run, keeper: begun.keeper }]);
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

/** Looks at what is there of a run: its end, or who keeps what is to come, and the step that it goes on from. */
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
  return { keeper: keeperOf(files, identity, lock, from, options), step: from?.position.step };
}

function whyOf(record: RunRecord | undefined): string {
  return record?.error ?? 'Its record does not tell why it failed.';
}

/** Trains runs together that begin at the same step. */
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

/** A checkpoint is due at an epoch's end, too, where the last is older than this share of the time between them. */
const epochShare = 0.2;

/** Who keeps what comes of a run. */
interface Keeper {
  readonly own: OwnOptions;
  /** Whether anything of it has been written. */
  readonly begun: () => boolean;
  /** @param together of how many runs the stretch is one. */
  take(stretch: Stretch, together: number): Promise<void>;
  /** After the last stretch: how it ended. */
  ended(): Result;
  /** What it failed at, with what is left of it; noted where something is. */
  failed(error: unknown): Result;
  close(): void;
}

function keeperOf(
  files: TargetFiles,
  identity: Identity,
  lock: Lock,
  from: Checkpoint | undefined,
  options: SavedRunOptions,
): Keeper {
  const { checkpoint: minutes, settings, signal, observer } = options;
  const started = from?.started ?? new Date().toISOString();
  const resumed = from ? from.resumed + 1 : 0;
  let reached = from?.reached ?? nothingYet;
  if (from) observer.resumed(from.reached, from.position.seconds);
  let results: ResultsWriter | undefined;
  let learned: LearnedWriter | undefined;
  let last: Stretch | undefined;
  let finished: Outcome | undefined;
  let savedAt = performance.now();
  let saved = from?.position;
  let company = 1;

  const record = (state: RunRecord['state'], more: Partial<RunRecord> = {}): RunRecord => ({
    schema: 1,
    id: runId(identity),
    state,
    error: null,
    ...identity,
    machine: machine(),
    started,
    ended: state === 'running' ? null : new Date().toISOString(),
    seconds: last?.position.seconds ?? from?.position.seconds ?? 0,
    resumed,
    ...(company > 1 && { together: company }),
    final: reached,
    rows: { count: results?.mark().count ?? 0, sha256: null },
    model: null,
    ...more,
  });

  /** Only now that there is a row to write is anything touched of what was there. */
  function begin(): ResultsWriter {
    if (!from) for (const path of [files.checkpoint, files.learnedAside]) rmSync(path, { force: true });
    const writer = openResults(files.results, from?.rows);
    if (from?.learned) learned = openLearned(files.learned, [], from.learned);
    results = writer;
    writeRecord(unfinishedRecord(files), record('running'));
    return writer;
  }

  async function save({ position, state }: Stretch, writer: ResultsWriter): Promise<void> {
    if (minutes === 0 || (position.step === saved?.step && position.due === saved.due)) return;
    const began = performance.now();
    try {
      writer.sync();
      learned?.sync();
      const marks = { rows: writer.mark(), learned: learned?.mark() };
      await writeCheckpoint(files.checkpoint, { identity, started, resumed, ...marks, reached, position, state });
      saved = position;
      writeRecord(unfinishedRecord(files), record('running'));
    } catch (error) {
      if (!(error instanceof RunFailure || error instanceof UsageError)) throw error;
      const earlier = saved ? `that of iteration ${saved.step + 1} stays` : 'there is none yet';
      observer.line(`warning: No checkpoint was written; ${earlier}. ${error.message}`);
    }
    savedAt = performance.now();
    observer.checkpointed((savedAt - began) / 1000);
  }

  function isDue({ rows }: Stretch): boolean {
    const since = (performance.now() - savedAt) / 60_000;
    const closesEpoch = rows.some(({ validLossEpoch, epoch }) => epoch > 0 && !Number.isNaN(validLossEpoch));
    return since >= minutes || (closesEpoch && since >= epochShare * minutes);
  }

  function failed(error: unknown): Result {
    if (!results || finished) return { kind: 'failed', error };
    noteFailure(files, lock, record('failed', { error: withoutPaths(messageOf(error)) }));
    const told = error instanceof RunFailure ? new RunFailure(`${error.message} ${whatIsLeft(files, saved)}`) : error;
    return { kind: 'failed', error: told };
  }

  return {
    own: { ...ownOf(settings), from },
    begun: () => results !== undefined,
    async take(stretch, together) {
      company = together;
      const writer = (results ??= begin());
      lock.check();
      writer.write(stretch.rows);
      const [first] = stretch.learned;
      if (first) learned ??= openLearned(files.learned, Object.keys(first.values));
      learned?.write(stretch.learned);
      last = stretch;
      reached = reachedAfter(reached, stretch.rows);
      observer.stretch(stretch);
      const removed = [writer.restore(), learned?.restore()].includes(true);
      if (stretch.ended && !signal.aborted && !removed) {
        learned?.sync();
        learned?.close();
        finished = await finish(files, writer, stretch, options, (more) => record('finished', more));
      } else if (signal.aborted || removed || isDue(stretch)) {
        await save(stretch, writer);
      }
      if (removed) throw new RunFailure(`${files.partial} was removed while it was written; its rows are there again.`);
    },
    ended() {
      if (finished) return finished;
      try {
        if (results) writeRecord(unfinishedRecord(files), record('interrupted'));
      } catch (error) {
        return failed(error);
      }
      const resumable = minutes > 0 && saved !== undefined;
      return { kind: 'interrupted', iteration: results && reached.iteration, partial: files.partial, resumable };
    },
    failed,
    close() {
      results?.close();
      learned?.close();
    },
  };
}

/** Puts everything in its place: what can fail comes before the results take theirs. */
async function finish(
  files: TargetFiles,
  results: ResultsWriter,
  { network: networkNow }: Stretch,
  { keepModel }: SavedRunOptions,
  record: (more: Partial<RunRecord>) => RunRecord,
): Promise<Outcome> {
  const { count, sha256 } = results.mark();
  const finished = record({ rows: { count, sha256 }, model: keepModel ? basename(files.model) : null });
  if (keepModel) {
    const network = Object.entries(await networkNow()).filter(([path]) => !path.startsWith('rule/'));
    // 'pt' is what PyTorch's own readers ask for.
    const metadata = { format: 'pt', hypergrad: finished.id };
    writeWhole(files.modelAside, encodeSafetensors(arraysOf(Object.fromEntries(network)), metadata));
  }
  writeRecord(files.recordAside, finished);
  results.finish();
  complete(files, keepModel);
  return { kind: 'finished', results: files.results, model: keepModel ? files.model : undefined };
}

function ownOf(settings: Settings): OwnOptions {
  return { ...settings, alpha0: settings.alpha_0 };
}

function sharedOf({ settings, dataset, engine, signal }: RunOptions): SharedOptions {
  const { model, method, seed, batchSize, epochs, iterations, lossThreshold, workers, parallel } = settings;
  return {
    ...{ model, method, seed, batchSize, epochs, iterations, lossThreshold, workers, replicas: parallel },
    ...{ dataset, engine, signal },
  };
}

const nothingYet: Reached = {
  epoch: 0,
  iteration: 0,
  loss: Number.NaN,
  lossEpoch: Number.NaN,
  validLossEpoch: Number.NaN,
  validAccuracy: Number.NaN,
  alpha: Number.NaN,
};

function reachedAfter(before: Reached, rows: readonly Row[]): Reached {
  return rows.reduce<Reached>(
    (reached, { epoch, iteration, loss, lossEpoch, validLossEpoch, validAccuracy, alpha }) =>
      validAccuracy === undefined
        ? { ...reached, epoch, iteration, loss, alpha }
        : { epoch, iteration, loss, lossEpoch, validLossEpoch, validAccuracy, alpha },
    before,
  );
}

function whatIsLeft({ partial }: TargetFiles, saved: Position | undefined): string {
  const way = saved ? `; --resume goes on from iteration ${saved.step + 1}` : '';
  return `The rows so far are in ${partial}${way}.`;
}

/** The failure itself is what there is to tell. */
function noteFailure(files: TargetFiles, lock: Lock, record: RunRecord): void {
  try {
    lock.check(); // what another process has taken over is not ours to note
    writeRecord(unfinishedRecord(files), record);
  } catch {
    // On a disk that is full, nothing more can be noted.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A record may be handed on: it keeps no more of a path than its end. */
function withoutPaths(text: string): string {
  return text
    .replaceAll(homedir(), '~')
    .replace(/(?:[A-Za-z]:|~|\.{0,2})?(?:[\\/][^\s\\/:;,'"()]+)+[\\/]([^\s\\/:;,'"()]+)/g, '…/$1');
}

function machine(): Machine {
  const processors = cpus();
  return {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
  };
}
