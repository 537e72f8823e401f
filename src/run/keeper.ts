import { rmSync } from 'node:fs';
import { arch, cpus, homedir, platform } from 'node:os';
import { basename } from 'node:path';
import { RunFailure, UsageError } from '../errors.js';
import { writeWhole } from '../files.js';
import type { Lock } from '../lock.js';
import { runId, writeRecord, type Identity, type Machine, type Reached, type RunRecord } from '../results/record.js';
import type { Row } from '../results/row.js';
import { openLearned, openResults, type LearnedWriter, type ResultsWriter } from '../results/writer.js';
import type { Position } from '../training/position.js';
import type { OwnOptions, Stretch } from '../training/train.js';
import { writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { arraysOf } from './network.js';
import { encodeSafetensors } from './safetensors.js';
import type { Settings } from './settings.js';
import { complete, unfinishedRecord, type TargetFiles } from './target.js';
import type { Outcome, Result, SavedRunOptions } from './outcome.js';

/** A checkpoint is due at an epoch's end, too, where the last is older than this share of the time between them. */
const epochShare = 0.2;

/** Who keeps what comes of a run. */
export interface Keeper {
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

export function keeperOf(
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

/** What of a run's settings is its own, where several are trained together. */
export function ownOf(settings: Settings): OwnOptions {
  return { ...settings, alpha0: settings.alpha_0 };
}
