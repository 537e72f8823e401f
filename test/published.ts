import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../src/results/row.js';

export interface PublishedRun {
  readonly model: string;
  /** α and β as the folder of the file names them: `+1e-03_+1e-07`. */
  readonly rates: string;
  readonly method: string;
  /** A sample, in the order of the file; `data/README.md` says which rows. */
  readonly rows: readonly PublishedRow[];
}

export type PublishedRow = Omit<Row, 'time'>;

/** The authors' figures in `data/published.csv`, run by run. */
export function publishedTable(): PublishedRun[] {
  const runs = new Map<string, PublishedRun & { rows: PublishedRow[] }>();
  for (const record of readRecords(new URL('../data/published.csv', import.meta.url))) {
    const { Model: model = '', Rates: rates = '', Method: method = '' } = record;
    const key = [model, rates, method].join('/');
    const run = runs.get(key) ?? { model, rates, method, rows: [] };
    run.rows.push(toRow(record));
    runs.set(key, run);
  }
  return [...runs.values()];
}

/**
 * All rows of a published file, where the environment variable HYPERGRAD_PUBLISHED names a folder that has it as
 * `<model>/<rates>/<method>.csv`; else undefined.
 */
export function publishedFile(model: string, rates: string, method: string): Row[] | undefined {
  const folder = process.env.HYPERGRAD_PUBLISHED;
  if (folder === undefined) return undefined;
  const path = join(folder, model, rates, `${method}.csv`);
  if (!existsSync(path)) return undefined;
  return readRecords(path).map((record) => ({ ...toRow(record), time: Number(record.Time) }));
}

type FileRecord = Readonly<Record<string, string>>;

/** The published files need no more of a CSV reader: no field of theirs is quoted. */
function readRecords(path: string | URL): FileRecord[] {
  const [names = [], ...lines] = readFileSync(path, 'utf8')
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  return lines.map((fields) => Object.fromEntries(fields.map((field, i) => [names[i]!, field])));
}

/** `nan`, the one word among the published figures, is NaN to `Number`, too. */
function toRow(record: FileRecord): PublishedRow {
  return {
    epoch: Number(record.Epoch),
    iteration: Number(record.Iteration),
    loss: Number(record.Loss),
    lossEpoch: Number(record.LossEpoch),
    validLossEpoch: Number(record.ValidLossEpoch),
    alpha: Number(record.Alpha),
    alphaEpoch: Number(record.AlphaEpoch),
    beta: Number(record.Beta),
  };
}
