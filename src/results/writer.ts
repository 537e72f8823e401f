import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { UsageError } from '../errors.js';
import { pythonFloat } from './python.js';
import { columns, type Row } from './row.js';

export interface ResultsWriter {
  /** Where the rows are until `finish`: `<target>.partial`. */
  readonly partial: string;
  /** Appends rows; when it returns, they are in the file. */
  write(rows: readonly Row[]): void;
  /** Puts the file, complete, in the place of the target. */
  finish(): void;
  /** Without `finish`, keeps the partial file with all its rows and leaves the target as it was. After it, does nothing. */
  close(): void;
}

/**
 * Opens a results file in the format of the published ones: numbers as Python writes them, lines that end in CR LF.
 * Makes the folders it needs; a partial file that an earlier run left is begun anew.
 *
 * @throws UsageError, from its methods too, where the file cannot be written.
 */
export function openResults(target: string): ResultsWriter {
  const partial = `${target}.partial`;
  const file = attempt(target, () => {
    mkdirSync(dirname(target), { recursive: true });
    if (statSync(target, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`Cannot write ${target}: it is a folder; move it away or choose another results folder.`);
    }
    return openSync(partial, 'w');
  });
  let open = true;
  const close = () => {
    if (open) closeSync(file);
    open = false;
  };
  const append = (text: string) => attempt(target, () => appendFileSync(file, text));

  append(toCsv([columns]));
  return {
    partial,
    write: (rows) => append(toCsv(rows.map(toRecord))),
    finish: () =>
      attempt(target, () => {
        fsyncSync(file);
        close();
        renameSync(partial, target);
      }),
    close,
  };
}

function attempt<T>(target: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new UsageError(`Cannot write ${target} (${error.message}); choose a results folder that can be written to.`);
  }
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
