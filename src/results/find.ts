import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { readError, sha256Of } from '../files.js';
import { methods, type Method } from '../methods/table.js';
import { shown } from '../text.js';
import { tellsSettings } from './path.js';
import { readRun } from './read.js';
import { readRecord, type RunRecord } from './record.js';
import type { Row } from './row.js';

/** The methods in the order of the legends. */
export const methodOrder: readonly Method[] = methods;

/**
 * Where a run's results lie: `<dir>/<model>/<rates>/<method>.csv`, with `.partial` after it until the run ends; or in a
 * folder of `<rates>` that tells more settings (`resultPath`).
 */
export interface RunFile {
  readonly model: string;
  /** The folder `<alpha_0>_<beta>`, as in `+1e-03_+1e-07`; with that of more settings, `+1e-03_+1e-07/seed=2`. */
  readonly rates: string;
  readonly method: Method;
  readonly finished: boolean;
  readonly path: string;
}

export interface Run extends RunFile {
  readonly rows: readonly Row[];
  /** What it was; the original program's runs have none. */
  readonly record: RunRecord | undefined;
}

/** Takes a line about something that was left out. */
export type Warn = (message: string) => void;

/**
 * The runs of a results folder, sorted by model, rates and the legends' order of methods; symbolic links are followed.
 * Where a run is repeated, so that a finished and an unfinished file lie side by side, the finished one counts.
 *
 * @throws UsageError if the folder cannot be read; of a folder in it that cannot, it warns.
 */
export function findRuns(dir: string, warn: Warn): RunFile[] {
  const files = contents(dir, 'folder', warn).flatMap((model) =>
    ratesIn(join(dir, model), warn).flatMap((rates) =>
      contentsOrNone(join(dir, model, rates), 'file', warn).flatMap((name): RunFile[] => {
        const path = join(dir, model, rates, name);
        const [, stem, partial] = resultsName.exec(name) ?? [];
        const method = methodOrder.find((known) => known === stem);
        if (method) return [{ model, rates, method, finished: !partial, path }];
        warn(`${shown(path)}: left out; '${shown(stem ?? '')}' is not a method (${methodOrder.join(', ')})`);
        return [];
      }),
    ),
  );
  const finished = new Set(files.filter((file) => file.finished).map(runName));
  return files
    .filter((file) => file.finished || !finished.has(runName(file)))
    .sort(
      (a, b) =>
        compareText(a.model, b.model) ||
        compareText(a.rates, b.rates) ||
        methodOrder.indexOf(a.method) - methodOrder.indexOf(b.method),
    );
}

/** The folders of rates, and those within them that tell more settings: `+1e-03_+1e-07/seed=2`. */
function ratesIn(model: string, warn: Warn): string[] {
  return contentsOrNone(model, 'folder', warn).flatMap((rates) => {
    const within = contentsOrNone(join(model, rates), 'folder', warn, tellsSettings);
    return [rates, ...within.map((settings) => `${rates}/${settings}`)];
  });
}

/** Reads runs one at a time, so that only one need be in memory; warns of those that cannot be read and goes on. */
export function* readRuns(files: Iterable<RunFile>, warn: Warn): Generator<Run> {
  for (const file of files) {
    try {
      const rows = readRun(file.path);
      yield { ...file, rows, record: recordOf(file, rows.length, warn) };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      warn(`${error.message}; left out`);
    }
  }
}

/** The record beside a results file, where it is of these rows; of an unfinished run, however many it has. */
export function recordOf({ path, finished }: RunFile, rows: number, warn: Warn): RunRecord | undefined {
  const stem = path.replace(/\.csv(\.partial)?$/, '');
  try {
    // Of an unfinished run beside finished results, the record stands aside, as the rows do.
    const record = (finished ? undefined : readRecord(`${stem}.json.partial`)) ?? readRecord(`${stem}.json`);
    if (!record || (record.state === 'finished') !== finished) return undefined;
    const { count, sha256 } = record.rows;
    if (!finished) return record;
    if (count !== rows) warn(`${shown(stem)}.json: passed over; it is of ${count} rows, and the file has ${rows}`);
    else if (sha256 !== null && sha256 !== sha256Of(path)) {
      warn(`${shown(path)}: changed since its run ended, as the SHA-256 in its record tells, which is passed over`);
    } else return record;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    warn(`${error.message.replace(/\.$/, '')}; it is passed over`);
  }
  return undefined;
}

/** What to say where a folder has no runs, or none of those `found` in it can be read. */
export function noRunsIn(dir: string, found: readonly RunFile[]): string {
  if (found.length > 0) return `no run in ${shown(dir)} can be read, of ${found.length} that are there`;
  return `no runs in ${shown(dir)}: expected <model>/<alpha_0>_<beta>/<method>.csv; hypergrad train --save writes them`;
}

/** `model/rates/method`: the same for the same experiment in two folders. */
export function runName(file: Pick<RunFile, 'model' | 'rates' | 'method'>): string {
  return `${file.model}/${file.rates}/${file.method}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const anyName: (name: string) => boolean = () => true;

const resultsName = /^(.*)\.csv(\.partial)?$/s;
/** What a run learns besides α, beside its results. */
const learnedName = /\.learned\.csv(\.partial)?$/;

/**
 * The folders in a folder, or its results files, where links lead as well. A link that leads back up makes no loop: no
 * path here has more than four names below the results folder.
 */
function contents(dir: string, kind: 'file' | 'folder', warn: Warn, wanted = anyName): string[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    const reasons = new Map([
      ['ENOENT', 'it does not exist; hypergrad train --save makes one'],
      ['ENOTDIR', 'it is a file; name the folder that has <model>/<alpha_0>_<beta>/<method>.csv'],
    ]);
    throw readError(`the results folder ${shown(dir)}`, error, reasons);
  }
  return names.filter(wanted).filter((name) => {
    if (kind === 'file' && (!resultsName.test(name) || learnedName.test(name))) return false;
    const path = join(dir, name);
    try {
      const found = statSync(path);
      if (kind === 'folder') return found.isDirectory();
      if (!found.isFile()) warn(`${shown(path)}: left out; it is not a file`);
      return found.isFile();
    } catch (error) {
      warn(`${readError(shown(path), error).message}; left out`);
      return false;
    }
  });
}

function contentsOrNone(dir: string, kind: 'file' | 'folder', warn: Warn, wanted = anyName): string[] {
  try {
    return contents(dir, kind, warn, wanted);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    warn(`${error.message}; left out`);
    return [];
  }
}
