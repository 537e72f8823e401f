import { closeSync, existsSync, readSync } from 'node:fs';
import { csvParseRows } from 'd3-dsv';
import { UsageError } from '../errors.js';
import { openToRead, readError, readText } from '../files.js';
import { shown } from '../text.js';
import type { RunFile } from './find.js';
import { figure } from './read.js';
import type { LearnedRow } from './writer.js';

/** The file of what a run learns besides α; undefined where there is none. It follows the rows to their place. */
export function learnedFileOf({ path, finished }: Pick<RunFile, 'path' | 'finished'>): string | undefined {
  const whole = path.replace(/\.csv(\.partial)?$/, '.learned.csv');
  return [...(finished ? [whole] : []), `${whole}.partial`].find((file) => existsSync(file));
}

/**
 * What a run has learned besides α, step by step. A line cut short at the end is left out.
 *
 * @throws UsageError where the file cannot be read, or is not of that kind.
 */
export function readLearned(path: string): LearnedRow[] {
  const text = readText(path);
  const rows: LearnedRow[] = [];
  let toRow: ReturnType<typeof learnedParser> | undefined;
  csvParseRows(text.slice(0, text.lastIndexOf('\n') + 1), (fields, index) => {
    if (toRow) rows.push(toRow(fields, index + 1));
    else toRow = learnedParser(fields, path);
    return null;
  });
  return rows;
}

/**
 * The symbols of what is learned, from the file's first line.
 *
 * @throws UsageError where the file cannot be read, or is not of that kind.
 */
export function learnedSymbols(path: string): string[] {
  const [header = []] = csvParseRows(firstLine(path));
  learnedParser(header, path);
  return header.slice(1);
}

/**
 * A function that takes the fields of a line and its number, and gives the row.
 *
 * @throws UsageError naming `path`, and the line, where they are not what they should be.
 */
export function learnedParser(
  header: readonly string[],
  path: string,
): (fields: readonly string[], line: number) => LearnedRow {
  const [first, ...symbols] = header;
  if (first !== 'Iteration' || symbols.length === 0) {
    throw new UsageError(`${shown(path)}: it does not begin with Iteration and what is learned`);
  }
  return (fields, line) => {
    const numbers = fields.flatMap((field) => figure(field) ?? []);
    if (fields.length !== header.length || numbers.length !== header.length) {
      throw new UsageError(`${shown(path)}: line ${line} has not the ${header.length} numbers of a line`);
    }
    const [iteration = NaN, ...values] = numbers;
    return { iteration, values: Object.fromEntries(symbols.map((symbol, index) => [symbol, values[index]!])) };
  };
}

/** Names of all layers are shorter than this. */
const longestHeader = 1 << 16;

function firstLine(path: string): string {
  try {
    const file = openToRead(path);
    try {
      const bytes = Buffer.alloc(longestHeader);
      const text = bytes.toString('utf8', 0, readSync(file, bytes));
      return text.slice(0, text.search(/[\r\n]|$/));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw readError(shown(path), error);
  }
}
