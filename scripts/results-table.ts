/**
 * Prints a sample of results files as one table, without their times: the rows 0 to 20, each 50th row of an unbroken
 * run of iterations, and each row that closes an epoch; with --epochs, row 0 and those that close an epoch.
 *
 *     npx tsx scripts/results-table.ts [--epochs] FOLDER
 *
 * FOLDER holds `<model>/<rates>/<method>.csv`. `data/published.csv` is made so from the folder `results` of
 * https://github.com/gbaydin/hypergradient-descent, or a part of it; `results/epochs.csv` from our own.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'csv-stringify/sync';
import { columns } from '../src/results/row.js';

const [iteration, time, validLossEpoch] = [
  columns.indexOf('Iteration'),
  columns.indexOf('Time'),
  columns.indexOf('ValidLossEpoch'),
];

const { values: options, positionals } = parseArgs({
  options: { epochs: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [folder] = positionals;
if (folder === undefined) {
  console.error('Usage: tsx scripts/results-table.ts [--epochs] FOLDER, the folder of <model>/<rates>/<method>.csv');
  process.exit(2);
}
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.csv'));
const table = files.sort().flatMap((file) => {
  const [model, rates, name] = file.split(/[\\/]/);
  if (model === undefined || rates === undefined || name === undefined) return [];
  return sample(join(folder, file)).map((fields) => [model, rates, basename(name, '.csv'), ...fields]);
});
process.stdout.write(stringify([['Model', 'Rates', 'Method', ...withoutTime(columns)], ...table]));

function sample(path: string): string[][] {
  const [names, ...rows] = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','));
  if (names?.join() !== columns.join())
    throw new Error(`${path} has the columns ${names?.join()}; expected ${columns.join()}.`);
  const kept = rows.filter((row, index) => {
    if (row[validLossEpoch] !== 'nan') return true;
    // Training rows begin at Iteration 2; some files have been cut to one row an epoch further on.
    const unbroken = Number(row[iteration]) === index + 1;
    return !options.epochs && (index <= 20 || (unbroken && index % 50 === 0));
  });
  return kept.map(withoutTime);
}

function withoutTime(fields: readonly string[]): string[] {
  return fields.toSpliced(time, 1);
}
