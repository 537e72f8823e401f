import { readFileSync } from 'node:fs';
import { csvParseRows } from 'd3-dsv';
import { UsageError } from '../errors.js';
import { columns, type Row } from './row.js';

const unfinishedSuffix = '.partial';

/**
 * The rows of a results file, ours or the original program's: LF or CR LF, `nan` and `inf` as Python writes them.
 * A file named `*.partial` is a run that has not finished: a line cut short at its end is left out.
 *
 * @throws UsageError naming the file, and the line where there is one, if it is empty, malformed or cut short.
 */
export function readRun(path: string): Row[] {
  const text = readText(path);
  const lines = csvParseRows(text);
  const cut = !text.endsWith('\n') && isCut(lines) ? lines.pop() : undefined;
  if (cut && !path.endsWith(unfinishedSuffix)) {
    throw new UsageError(
      `${path}: the last line is cut short ('${cut.join(',')}'); a run that goes on is named *.csv${unfinishedSuffix}`,
    );
  }
  const [header, ...records] = lines;
  if (!header) throw new UsageError(`${path}: the file is empty; expected the header ${columns.join(',')}`);
  const at = (column: (typeof columns)[number]) => {
    const index = header.indexOf(column);
    if (index < 0) throw new UsageError(`${path}: no column ${column}; expected the header ${columns.join(',')}`);
    return index;
  };
  const [epoch, iteration, time, loss, lossEpoch, validLossEpoch, alpha, alphaEpoch, beta] = [
    at('Epoch'),
    at('Iteration'),
    at('Time'),
    at('Loss'),
    at('LossEpoch'),
    at('ValidLossEpoch'),
    at('Alpha'),
    at('AlphaEpoch'),
    at('Beta'),
  ];
  if (records.length === 0) throw new UsageError(`${path}: a header and no rows; nothing has been trained yet`);
  return records.map((record, index) => {
    if (record.length !== header.length) {
      throw new UsageError(`${path}: line ${index + 2} has ${record.length} fields; expected ${header.length}`);
    }
    const value = (column: number) => {
      const number = parseNumber(record[column] ?? '');
      if (number === undefined) {
        throw new UsageError(
          `${path}: line ${index + 2} has '${record[column]}' under ${header[column]}; expected a number, nan or inf`,
        );
      }
      return number;
    };
    return {
      epoch: value(epoch),
      iteration: value(iteration),
      time: value(time),
      loss: value(loss),
      lossEpoch: value(lossEpoch),
      validLossEpoch: value(validLossEpoch),
      alpha: value(alpha),
      alphaEpoch: value(alphaEpoch),
      beta: value(beta),
    };
  });
}

/** A figure as Python or JavaScript writes it, or undefined. */
export function parseNumber(text: string): number | undefined {
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

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A last line without its line end is whole if it has as many fields as the one before and the same β, a constant. */
function isCut(lines: readonly string[][]): boolean {
  const [previous, last] = [lines.at(-2), lines.at(-1)];
  return last !== undefined && (previous?.length !== last.length || previous.at(-1) !== last.at(-1));
}
