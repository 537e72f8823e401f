import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../errors.js';
import { attempt, refuseFolder, sha256Of, syncFolder } from '../files.js';
import { differences, inWords, readRecord, type Identity, type RunRecord } from '../results/record.js';
import { readRun } from '../results/read.js';
import { readCheckpoint, type Checkpoint } from './checkpoint.js';
import { lastIteration } from './settings.js';

/** The files of a run. Only `results`, `record` and, where it is kept, `model` outlive it. */
export interface TargetFiles {
  readonly results: string;
  /** The rows of a run that has not finished. */
  readonly partial: string;
  /** The record of `results`, or of `partial` where there are no results yet. */
  readonly record: string;
  /** The record of `partial` where there are results; and a finished run's for the moment before it takes its place. */
  readonly recordAside: string;
  /** What the run learns besides α, where there is anything; until the results take their place, aside. */
  readonly learned: string;
  readonly learnedAside: string;
  readonly checkpoint: string;
  readonly model: string;
  readonly modelAside: string;
  readonly lock: string;
}

export function filesOf(results: string): TargetFiles {
  const stem = results.slice(0, -'.csv'.length);
  return {
    results,
    partial: `${results}.partial`,
    record: `${stem}.json`,
    recordAside: `${stem}.json.partial`,
    learned: `${stem}.learned.csv`,
    learnedAside: `${stem}.learned.csv.partial`,
    checkpoint: `${stem}.checkpoint.safetensors`,
    model: `${stem}.safetensors`,
    modelAside: `${stem}.safetensors.partial`,
    lock: `${results}.lock`,
  };
}

/** Where an unfinished run's record goes: that of finished results stays with them. */
export function unfinishedRecord({ results, record, recordAside }: TargetFiles): string {
  return existsSync(results) ? recordAside : record;
}

/**
 * After the results have taken their place: what was learned besides and the model follow, the checkpoint has served, and last the record, which says
 * until then that there is something left to do.
 */
export function complete(files: TargetFiles, kept: boolean): void {
  const { record, recordAside, model, modelAside, learned, learnedAside, checkpoint } = files;
  attempt(record, () => {
    if (!kept)
      rmSync(model, { force: true }); // of the results that were replaced
    else if (existsSync(modelAside)) renameSync(modelAside, model);
    if (existsSync(learnedAside)) renameSync(learnedAside, learned);
    rmSync(checkpoint, { force: true });
    renameSync(recordAside, record);
    syncFolder(dirname(record));
  });
}

/**
 * Ends what an earlier run, killed between two steps of its end, has begun. Only who holds the target may.
 *
 * @throws UsageError where a folder has the name of one of the files.
 */
export function settle(files: TargetFiles): void {
  // What would fail when all has been trained.
  for (const path of Object.values({ ...files, lock: files.results })) refuseFolder(path);
  const folder = dirname(files.results);
  const prefix = `${basename(files.results, '.csv')}.`;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && /\.\d+\.tmp$/.test(name)) rmSync(join(folder, name), { force: true });
  }
  const aside = recordOf(files.recordAside);
  const finished = aside?.state === 'finished';
  if (finished && aside.rows.sha256 === sha256Of(files.results)) {
    complete(files, aside.model !== null);
    return;
  }
  // Results that never took their place.
  if (finished) rmSync(files.recordAside);
  rmSync(files.modelAside, { force: true });
}

/** How a run stands that nobody may be at: `interrupted` has a checkpoint to go on from. */
export type TargetState = 'finished' | 'interrupted' | 'failed' | 'new';

/** Looks at how a planned run stands, and changes nothing; the record is that of a finished or of a failed run. */
export function lookAt(results: string, planned: Identity): { state: TargetState; record: RunRecord | undefined } {
  const files = filesOf(results);
  const [record, finished] = [recordOf(files.record), existsSync(results)];
  if (finished && goesAsFar(results, record, planned)) return { state: 'finished', record };
  const last = finished ? recordOf(files.recordAside) : record;
  // What another program version or engine failed at may succeed now.
  if (last?.state === 'failed' && differences(last, planned).length === 0) return { state: 'failed', record: last };
  return { state: existsSync(files.checkpoint) ? 'interrupted' : 'new', record: undefined };
}

/** What there is to do: nothing, to go on from a checkpoint, or to begin. */
export type Beginning =
  | { readonly kind: 'finished'; readonly record: RunRecord | undefined }
  | { readonly kind: 'resume'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'begin'; readonly why?: string };

export interface BeginningOptions {
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly keepModel: boolean;
}

/**
 * Looks at what is there.
 *
 * @throws UsageError where that would be lost or falsified: what it is, and the way out.
 */
export function beginning(
  files: TargetFiles,
  planned: Identity,
  { resume, overwrite, keepModel }: BeginningOptions,
): Beginning {
  if (overwrite) return { kind: 'begin' };
  const found = existsSync(files.results) ? { record: recordOf(files.record) } : undefined;
  if (resume) {
    if (found && goesAsFar(files.results, found.record, planned)) {
      refuseChanged(files.results, found.record);
      return { kind: 'finished', record: found.record };
    }
    const checkpoint = readCheckpoint(files.checkpoint);
    if (checkpoint) return { kind: 'resume', checkpoint: checked(checkpoint, planned, files) };
  } else if (existsSync(files.checkpoint)) {
    throw new UsageError(
      `An interrupted run is in ${files.partial}. --resume goes on with it, --overwrite begins anew; ` +
        'another --dir keeps both.',
    );
  }
  if (found) {
    // The same settings again replace their results also where the program has moved on; to resume is to leave them alone.
    const { record } = found;
    const again = record && !resume && record.engine.name === planned.engine.name;
    const now = again ? { ...planned, engine: record.engine, code: record.code } : planned;
    refuseLoss(files.results, record, now, keepModel);
  }
  const why = `${files.results} is of a shorter run, whose checkpoint is gone: this one begins anew.`;
  return { kind: 'begin', ...(resume && found && { why }) };
}

/** Whether finished results are of the planned run. */
function goesAsFar(results: string, record: RunRecord | undefined, planned: Identity): boolean {
  if (!record) return lastRow(results) === lastIteration(planned);
  return differences(record, planned).length === 0 && lastIteration(record) === lastIteration(planned);
}

/** What was changed since is not to be taken for what the run has found. */
function refuseChanged(results: string, record: RunRecord | undefined): void {
  const { sha256 = null } = record?.rows ?? {};
  if (sha256 === null || sha256 === sha256Of(results)) return;
  throw new UsageError(
    `${results} was changed since its run ended, as the SHA-256 in its record tells. Put it back as it was, or begin ` +
      'anew with --overwrite.',
  );
}

function checked(checkpoint: Checkpoint, planned: Identity, { checkpoint: path }: TargetFiles): Checkpoint {
  const different = differences(checkpoint.identity, planned);
  if (different.length > 0) {
    throw new UsageError(
      `${path} is of another run: ${different.map(inWords).join('; ')}. Give what it was started with, or begin anew with --overwrite.`,
    );
  }
  const reached = checkpoint.position.step + 1;
  if (reached > lastIteration(planned)) {
    throw new UsageError(`${path} is at iteration ${reached} already; let --epochs or --iterations go further.`);
  }
  return checkpoint;
}

function refuseLoss(results: string, record: RunRecord | undefined, planned: Identity, keepModel: boolean): void {
  const [before, now] = [record ? lastIteration(record) : lastRow(results), lastIteration(planned)];
  const reasons = [
    ...(record ? differences(record, planned).map(inWords) : []),
    ...(now < before ? [`${before} iterations, now ${now}`] : []),
    ...(record?.model != null && !keepModel ? [`its network in ${record.model}, now without --keepModel`] : []),
  ];
  if (reasons.length === 0) return;
  throw new UsageError(
    `${results} is there already, of another run: ${reasons.join('; ')}. ` +
      'Keep both with another --dir, or replace it with --overwrite.',
  );
}

/** A record, where there is one that can be read: an earlier version's results, or the original program's, have none. */
function recordOf(path: string): RunRecord | undefined {
  try {
    return readRecord(path);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** The iteration of the last row; 0 where there is none that can be read. */
function lastRow(results: string): number {
  try {
    return readRun(results).at(-1)?.iteration ?? 0;
  } catch (error) {
    if (error instanceof UsageError) return 0;
    throw error;
  }
}
