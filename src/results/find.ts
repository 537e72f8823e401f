import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import type { Method } from '../optimizers/methods.js';
import { readRun } from './read.js';
import type { Row } from './row.js';

/** The methods in the order of the published legends. */
export const methodOrder = ['adam', 'adam_hd', 'sgd', 'sgd_hd', 'sgdn', 'sgdn_hd'] as const satisfies readonly Method[];

/** Where a run's results lie: `<dir>/<model>/<rates>/<method>.csv`, with `.partial` after it until the run ends. */
export interface RunFile {
  readonly model: string;
  /** The folder `<alpha_0>_<beta>`, as in `+1e-03_+1e-07`. */
  readonly rates: string;
  readonly method: Method;
  readonly finished: boolean;
  readonly path: string;
}

export interface Run extends RunFile {
  readonly rows: readonly Row[];
}

/** Takes a line about something that was left out. */
export type Warn = (message: string) => void;

/**
 * The runs of a results folder, sorted by model, rates and the legends' order of methods. Where a run is repeated, so
 * that a finished and an unfinished file lie side by side, the finished one counts.
 *
 * @throws UsageError if the folder cannot be read.
 */
export function findRuns(dir: string, warn: Warn): RunFile[] {
  const files = list(dir, 'folder').flatMap((model) =>
    list(join(dir, model), 'folder').flatMap((rates) =>
      list(join(dir, model, rates), 'file').flatMap((name): RunFile[] => {
        const path = join(dir, model, rates, name);
        const [, stem, partial] = /^(.*)\.csv(\.partial)?$/.exec(name) ?? [];
        if (stem === undefined) return [];
        const method = methodOrder.find((known) => known === stem);
        if (method) return [{ model, rates, method, finished: !partial, path }];
        warn(`${path}: left out; '${stem}' is not a method (${methodOrder.join(', ')})`);
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

/** Reads runs one at a time, so that only one need be in memory; warns of those that cannot be read and goes on. */
export function* readRuns(files: Iterable<RunFile>, warn: Warn): Generator<Run> {
  for (const file of files) {
    try {
      yield { ...file, rows: readRun(file.path) };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      warn(`${error.message}; left out`);
    }
  }
}

/** What to say where a folder has no runs. */
export function noRunsIn(dir: string): string {
  return `no runs in ${dir}: expected <model>/<alpha_0>_<beta>/<method>.csv; hypergrad train --save writes them`;
}

/** `model/rates/method`: the same for the same experiment in two folders. */
export function runName(file: Pick<RunFile, 'model' | 'rates' | 'method'>): string {
  return `${file.model}/${file.rates}/${file.method}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function list(dir: string, kind: 'file' | 'folder'): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => (kind === 'folder' ? entry.isDirectory() : entry.isFile()))
      .map((entry) => entry.name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Partial<Record<string, string>> = {
      ENOENT: 'it does not exist; hypergrad train --save makes one',
      ENOTDIR: 'it is a file; name the folder that has <model>/<alpha_0>_<beta>/<method>.csv',
    };
    throw new UsageError(`the results folder ${dir} cannot be read: ${reasons[code ?? ''] ?? message}`);
  }
}
