import { closeSync, fstatSync, readSync } from 'node:fs';
import { csvParseRows } from 'd3-dsv';
import { UsageError } from '../errors.js';
import { openToRead, readError } from '../files.js';
import { shown } from '../text.js';

export interface NewRows<Row> {
  /** Whether they are those from the beginning: of the first time, or of a file that is another than it was. */
  readonly anew: boolean;
  readonly rows: readonly Row[];
  /** Whether there is more to read. */
  readonly more: boolean;
}

/** The most bytes that are read at once. */
const part = 4 << 20;
/** So many bytes before where it was read to tell whether a file is still the same. */
const traceLength = 256;

/** Makes, of a file's first line, a function that makes rows of the others; as `rowParser` and `learnedParser`. */
export type ParserOf<Row> = (
  header: readonly string[],
  path: string,
) => (fields: readonly string[], line: number) => Row;

/**
 * Reads a results file that is being written: each time, the rows that have come since. A line without its end is left for
 * later. A run that is resumed cuts its file and goes on; that is noticed, and all is read again.
 *
 * @param path of a file in our own format.
 * @returns a function that throws UsageError where the file cannot be read, or what is in it is no row; RunFailure where the
 *   disk is at fault.
 */
export function tailOf<Row extends { readonly iteration: number }>(
  path: string,
  parserOf: ParserOf<Row>,
): () => NewRows<Row> {
  let offset = 0;
  let inode = 0;
  let trace: Buffer = Buffer.alloc(0);
  let toRow: ReturnType<ParserOf<Row>> | undefined;
  let line = 0;
  let iteration = -1;

  const begin = () => {
    [offset, trace, toRow, line, iteration] = [0, Buffer.alloc(0), undefined, 0, -1];
  };

  const rowsOf = (text: string) =>
    csvParseRows(text).flatMap((fields): Row[] => {
      line++;
      if (fields.length === 1 && fields[0]?.trim() === '') return [];
      if (!toRow) {
        toRow = parserOf(fields, path);
        return [];
      }
      const row = toRow(fields, line);
      if (row.iteration <= iteration) {
        throw new UsageError(
          `${shown(path)}: line ${line} has iteration ${row.iteration} after ${iteration}; a run's only grow`,
        );
      }
      iteration = row.iteration;
      return [row];
    });

  const readOn = (file: number): NewRows<Row> => {
    const { ino, size } = fstatSync(file);
    const same = ino === inode && size >= offset && at(file, offset - trace.length, trace.length).equals(trace);
    if (!same) begin();
    inode = ino;
    const anew = offset === 0;
    const bytes = at(file, offset, Math.min(part, size - offset));
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
    if (whole.length === 0 && bytes.length === part) throw new UsageError(`${shown(path)}: it has no line ends`);
    const rows = rowsOf(whole.toString('utf8').replace(/^\ufeff/, ''));
    offset += whole.length;
    trace = at(file, Math.max(0, offset - traceLength), Math.min(offset, traceLength));
    return { anew, rows, more: bytes.length === part };
  };

  return () => {
    try {
      const file = openToRead(path);
      try {
        return readOn(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw error instanceof Error && 'syscall' in error ? readError(shown(path), error) : error;
    }
  };
}

/** Bytes of a file; fewer where it ends. */
function at(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, length));
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}
