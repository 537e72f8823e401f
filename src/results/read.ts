import { csvParseRows } from 'd3-dsv';
import { decimal } from '../decimal.js';
import { UsageError } from '../errors.js';
import { readText } from '../files.js';
import { shown } from '../text.js';
import { columns, type Row } from './row.js';

/**
 * The rows of a results file: ours, the original program's, or one that another program has written anew, with a byte
 * order mark, quotes, further columns, or the columns in another order. LF or CR LF; `nan` and `inf` as Python writes
 * them. Of a file named `*.partial`, a run that has not finished, a line cut short at its end is left out.
 *
 * @throws UsageError naming the file, and the line where there is one, if it is empty, malformed or cut short.
 */
export function readRun(path: string): Row[] {
  return parseRun(readText(path), path);
}

/** The rows in the text of a results file; `path` goes into messages, and tells whether the run has finished. */
export function parseRun(text: string, path: string): Row[] {
  const name = shown(path);
  const rows: Row[] = [];
  let toRow: ReturnType<typeof rowParser> | undefined;
  let header: readonly string[] = [];
  let previous: Line | undefined;
  let last: Line | undefined;
  const add = ({ fields, line }: Line) => {
    const row = toRow?.(fields, line);
    if (!row) return;
    const before = rows.at(-1)?.iteration ?? -1;
    if (row.iteration <= before) {
      throw new UsageError(
        `${name}: line ${line} has iteration ${row.iteration} after ${before}; a run's only grow, so that these are lines of two`,
      );
    }
    rows.push(row);
  };

  // A row is made as its record comes: the strings, kept until the end, would take far more memory than the rows. The
  // last record is held back, as it may be cut short.
  csvParseRows(text, (fields, index) => {
    if (fields.length === 1 && fields[0]?.trim() === '') return null;
    if (!toRow) {
      toRow = rowParser(fields, path);
      header = fields;
      return null;
    }
    if (last) add(last);
    [previous, last] = [last, { fields, line: index + 1 }];
    return null;
  });

  if (!toRow) throw new UsageError(`${name}: the file is empty; expected the header ${columns.join(',')}`);
  if (last && (/[\r\n]$/.test(text) || isWhole(last, previous, header, path))) add(last);
  else if (last && !path.endsWith('.partial')) {
    throw new UsageError(
      `${name}: the last line is cut short ('${shown(last.fields.join(','), 100)}'); ` +
        'a run that is not finished is named *.csv.partial',
    );
  }
  if (rows.length === 0) throw new UsageError(`${name}: a header and no rows; nothing has been trained`);
  return rows;
}

interface Line {
  readonly fields: readonly string[];
  /** From 1, the header's. */
  readonly line: number;
}

/**
 * A function that takes the fields of a line and its number, and gives the row. Further columns are passed over; `Time`
 * is NaN where it is `absent`.
 *
 * @throws UsageError naming `path`, and the line, if a column is missing or a field is not a number.
 */
export function rowParser(
  header: readonly string[],
  path: string,
  { absent }: { absent?: 'Time' } = {},
): (fields: readonly string[], line: number) => Row {
  const name = shown(path);
  const names = header.map((column) => column.trim());
  const missing = columns.find((column) => column !== absent && !names.includes(column));
  if (missing) throw new UsageError(`${name}: no column ${missing}; expected the header ${columns.join(',')}`);
  const [epoch, iteration, time, loss, lossEpoch, validLossEpoch, alpha, alphaEpoch, beta] = [
    names.indexOf('Epoch'),
    names.indexOf('Iteration'),
    names.indexOf('Time'),
    names.indexOf('Loss'),
    names.indexOf('LossEpoch'),
    names.indexOf('ValidLossEpoch'),
    names.indexOf('Alpha'),
    names.indexOf('AlphaEpoch'),
    names.indexOf('Beta'),
  ];
  return (fields, line) => {
    if (fields.length !== names.length) {
      throw new UsageError(`${name}: line ${line} has ${fields.length} fields; expected ${names.length}`);
    }
    const refused = (column: number, expected: string) =>
      new UsageError(
        `${name}: line ${line} has '${shown(fields[column] ?? '', 100)}' under ${names[column]}; expected ${expected}`,
      );
    const value = (column: number) => {
      const number = figure(fields[column] ?? '');
      if (number === undefined) throw refused(column, 'a number, nan or inf');
      return number;
    };
    const count = (column: number) => {
      const number = value(column);
      if (!Number.isSafeInteger(number) || number < 0) throw refused(column, 'a count: 0, 1, 2, …');
      return number;
    };
    return {
      epoch: count(epoch),
      iteration: count(iteration),
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

/**
 * Whether a last line without its line end is whole: it has all fields, and ends in the same β as the line before, a
 * constant. Where another program has put the columns in an order of its own, only a finished run's can be.
 */
function isWhole({ fields }: Line, previous: Line | undefined, header: readonly string[], path: string): boolean {
  if (fields.length !== header.length) return false;
  if (header.at(-1)?.trim() === 'Beta') return fields.at(-1) === previous?.fields.at(-1);
  return !path.endsWith('.partial');
}

/** A figure as Python or JavaScript writes it; undefined if it is none. */
export function figure(text: string): number | undefined {
  const plain = text.trim();
  const number = decimal(plain);
  if (number !== undefined) return number;
  const [, minus, word] = /^(-?)(nan|inf|infinity)$/i.exec(plain) ?? [];
  if (word === undefined) return undefined;
  return word.toLowerCase() === 'nan' ? NaN : minus ? -Infinity : Infinity;
}
