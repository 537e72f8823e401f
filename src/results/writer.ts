import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { UsageError } from '../errors.js';
import { attempt, makeFolder, refuseFolder, refusePipe, syncFolder, writeAll } from '../files.js';
import { pythonFloat } from './python.js';
import { columns, type Row } from './row.js';

/** The rows of a results file up to a point. */
export interface RowsMark {
  readonly count: number;
  /** Length and SHA-256 of the file up to there. */
  readonly bytes: number;
  readonly sha256: string;
}

export interface TableWriter<Item> {
  /** Where the rows are until `finish`: `<target>.partial`. */
  readonly partial: string;
  /**
   * Appends rows; when it returns, they are in the file.
   *
   * @throws RunFailure where the disk is full; the file ends in a whole row then, too.
   */
  write(rows: readonly Item[]): void;
  /** Puts the file back where somebody has removed it, or moved it away; tells whether that was so. */
  restore(): boolean;
  /** The rows so far. */
  mark(): RowsMark;
  /** Has the disk keep what was written, through a loss of power too. */
  sync(): void;
  /** Puts the file, complete, in the place of the target. */
  finish(): void;
  /** Without `finish`, keeps the partial file with all its rows and leaves the target as it was. After it, does nothing. */
  close(): void;
}

export type ResultsWriter = TableWriter<Row>;

/** What a run has learned besides α after a step, by symbol. */
export interface LearnedRow {
  readonly iteration: number;
  readonly values: Readonly<Record<string, number>>;
}

export type LearnedWriter = TableWriter<LearnedRow>;

/** Opens the file of what a run learns besides α, in the manner of `openResults`: the iteration, then a column a symbol. */
export function openLearned(target: string, symbols: readonly string[], after?: RowsMark): LearnedWriter {
  const toRecord = ({ iteration, values }: LearnedRow) => [
    String(iteration),
    ...Object.values(values).map(pythonFloat),
  ];
  return openTable(target, ['Iteration', ...symbols], toRecord, after);
}

/**
 * Opens a results file in the format of the published ones: numbers as Python writes them, lines that end in CR LF.
 * Makes the folders it needs. The partial file of an earlier run is begun anew, or goes on after a mark.
 *
 * @throws UsageError, from its methods too, where the file cannot be written, or has other rows up to the mark.
 */
export function openResults(target: string, after?: RowsMark): ResultsWriter {
  return openTable(target, columns, toRecord, after);
}

function openTable<Item>(
  target: string,
  header: readonly string[],
  toRecord: (item: Item) => string[],
  after?: RowsMark,
): TableWriter<Item> {
  const partial = `${target}.partial`;
  const start = after ? reopened(partial, after) : begun(target, partial);
  const { hash } = start;
  let { file, count, bytes } = start;
  let open = true;

  const append = (text: string) => {
    const written = Buffer.from(text);
    try {
      attempt(partial, () => writeAll(file, written, bytes));
    } catch (error) {
      dropTornRow(file, bytes);
      throw error;
    }
    bytes += written.length;
    hash.update(written);
  };
  if (!after) append(toCsv([header]));

  return {
    partial,
    write(rows) {
      if (rows.length === 0) return;
      append(toCsv(rows.map(toRecord)));
      count += rows.length;
    },
    restore() {
      const [named, held] = [statSync(partial, { throwIfNoEntry: false }), fstatSync(file)];
      if (named?.ino === held.ino && named.dev === held.dev) return false;
      file = restored(file, partial, bytes);
      return true;
    },
    mark: () => ({ count, bytes, sha256: hash.copy().digest('hex') }),
    sync: () => attempt(partial, () => fsyncSync(file)),
    finish() {
      attempt(target, () => {
        fsyncSync(file);
        closeSync(file);
        open = false;
        renameSync(partial, target);
        syncFolder(dirname(target));
      });
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

function begun(target: string, partial: string) {
  const file = attempt(target, () => {
    refuseFolder(target);
    refusePipe(partial);
    makeFolder(dirname(target));
    return openSync(partial, 'w+');
  });
  return { file, count: 0, bytes: 0, hash: createHash('sha256') };
}

/** What comes after the mark belongs to steps that will be taken again. */
function reopened(partial: string, { count, bytes, sha256 }: RowsMark) {
  refusePipe(partial);
  const file = attempt(partial, () => openSync(partial, 'r+'));
  const hash = createHash('sha256');
  for (const part of contents(file, bytes)) hash.update(part);
  if (hash.copy().digest('hex') !== sha256) {
    closeSync(file);
    throw new UsageError(
      `${partial} does not have the ${count} rows that its checkpoint was written after. Put them back, or begin anew ` +
        'with --overwrite.',
    );
  }
  attempt(partial, () => ftruncateSync(file, bytes));
  return { file, count, bytes, hash };
}

function dropTornRow(file: number, bytes: number): void {
  try {
    ftruncateSync(file, bytes);
  } catch {
    // The failure that tore the row is the one to tell.
  }
}

/** The first bytes of a file, in parts. */
function* contents(file: number, bytes: number): Generator<Uint8Array> {
  const part = Buffer.alloc(1 << 16);
  for (let position = 0; position < bytes;) {
    const read = readSync(file, part, 0, Math.min(part.length, bytes - position), position);
    if (read === 0) return;
    yield part.subarray(0, read);
    position += read;
  }
}

/** A file that has lost its name, under its name again. */
function restored(nameless: number, path: string, bytes: number): number {
  const file = attempt(path, () => {
    makeFolder(dirname(path));
    return openSync(path, 'w+');
  });
  attempt(path, () => {
    for (const part of contents(nameless, bytes)) writeAll(file, part);
  });
  closeSync(nameless);
  return file;
}

function toCsv(records: readonly (readonly string[])[]): string {
  return stringify(records as string[][], { record_delimiter: 'windows' });
}

/** The fields in the order of `columns`. */
function toRecord(row: Row): string[] {
  return [
    String(row.epoch),
    String(row.iteration),
    // The published files have an integer here in row 0.
    row.time === 0 ? '0' : pythonFloat(row.time),
    pythonFloat(row.loss),
    pythonFloat(row.lossEpoch),
    pythonFloat(row.validLossEpoch),
    pythonFloat(row.alpha),
    pythonFloat(row.alphaEpoch),
    pythonFloat(row.beta),
  ];
}
