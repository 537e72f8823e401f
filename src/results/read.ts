import { readFileSync } from 'node:fs';
import { csvParseRows } from 'd3-dsv';
import { UsageError } from '../errors.js';
import { columns, type Row } from './row.js';

/**
 * The rows of a results file, ours or the original program's: LF or CR LF, `nan` and `inf` as Python writes them.
 * Of a file named `*.partial`, a run that has not finished, a line cut short at its end is left out.
 *
 * @throws UsageError naming the file, and the line where there is one, if it is empty, malformed or cut short.
 */
export function readRun(path: string): Row[] {
  const text = wholeLines(readText(path), path);
  let toRow: ReturnType<typeof rowParser> | undefined;
  // Rows are made as the records come: their strings, kept until the end, would take far more memory than the rows.
  const rows = csvParseRows(text, (record, index) => {
    if (toRow) return toRow(record, index - 1);
    toRow = rowParser(record, path);
    return null;
  });
  if (!toRow) throw new UsageError(`${path}: the file is empty; expected the header ${columns.join(',')}`);
  if (rows.length === 0) throw new UsageError(`${path}: a header and no rows; nothing has been trained`);
  return rows;
}

/**
 * A function that takes the records below a header, by their index, and gives rows. Further columns are passed over;
 * `Time` is NaN where it is `absent`.
 *
 * @throws UsageError naming `path`, and the line, if a column is missing or a field is not a number.
 */
export function rowParser(
  header: readonly string[],
  path: string,
  { absent }: { absent?: 'Time' } = {},
): (record: readonly string[], index: number) => Row {
  const missing = columns.find((column) => column !== absent && !header.includes(column));
  if (missing) throw new UsageError(`${path}: no column ${missing}; expected the header ${columns.join(',')}`);
  const [epoch, iteration, time, loss, lossEpoch, validLossEpoch, alpha, alphaEpoch, beta] = [
    header.indexOf('Epoch'),
    header.indexOf('Iteration'),
    header.indexOf('Time'),
    header.indexOf('Loss'),
    header.indexOf('LossEpoch'),
    header.indexOf('ValidLossEpoch'),
    header.indexOf('Alpha'),
    header.indexOf('AlphaEpoch'),
    header.indexOf('Beta'),
  ];
  return (record, index) => {
    const line = index + 2;
    if (record.length !== header.length) {
      throw new UsageError(`${path}: line ${line} has ${record.length} fields; expected ${header.length}`);
    }
    const value = (column: number) => {
      const text = record[column] ?? '';
      const number = parseNumber(text);
      if (number === undefined) {
        throw new UsageError(
          `${path}: line ${line} has '${text}' under ${header[column]}; expected a number, nan or inf`,
        );
      }
      return number;
    };
    return {
      epoch: value(epoch),
      iteration: value(iteration),
      time: time < 0 ? NaN : value(time),
      loss: value(loss),
      lossEpoch: value(lossEpoch),
      validLossEpoch: value(validLossEpoch),
      alpha: value(alpha),
      alphaEpoch: value(alphaEpoch),
      beta: value(beta),
    };
  };
}

/** @throws UsageError if the file cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * The text without a last line that is cut short, which only an unfinished run may have. A last line without its line
 * end is whole if it has as many fields as the one before and ends in the same β, a constant.
 */
function wholeLines(text: string, path: string): string {
  const start = text.lastIndexOf('\n') + 1;
  const last = text.slice(start);
  if (last === '') return text;
  const [before, cut] = [text.lastIndexOf('\n', start - 2) + 1, last.split(',')];
  const whole = text.slice(before, start).trimEnd().split(',');
  if (cut.length === whole.length && cut.at(-1) === whole.at(-1)) return text;
  if (path.endsWith('.partial')) return text.slice(0, start);
  throw new UsageError(
    `${path}: the last line is cut short ('${last}'); a run that is not finished is named *.csv.partial`,
  );
}

/** A figure as Python or JavaScript writes it; undefined if it is none. */
function parseNumber(text: string): number | undefined {
  switch (text) {
    case 'nan':
      return NaN;
    case 'inf':
      return Infinity;
    case '-inf':
      return -Infinity;
    case '':
      return undefined;
  }
  const number = Number(text);
  return Number.isNaN(number) ? undefined : number;
}
