/**
 * Samples the authors' published results into `data/published.csv`, the figures that the tests compare with.
 *
 *     npx tsx scripts/published-table.ts FOLDER
 *
 * FOLDER holds `<model>/<rates>/<method>.csv`: the folder `results` of
 * https://github.com/gbaydin/hypergradient-descent, or a part of it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { columns } from '../src/results/row.js';

const [iteration, time, validLossEpoch] = [
  columns.indexOf('Iteration'),
  columns.indexOf('Time'),
  columns.indexOf('ValidLossEpoch'),
];

const folder = process.argv[2];
if (folder === undefined) {
  console.error(
    'Usage: tsx scripts/published-table.ts FOLDER, the folder of the published <model>/<rates>/<method>.csv',
  );
  process.exit(2);
}
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.csv'));
const table = files.sort().flatMap((file) => {
  const [model, rates, name] = file.split(/[\\/]/);
  if (model === undefined || rates === undefined || name === undefined) return [];
  return sample(join(folder, file)).map((fields) => [model, rates, basename(name, '.csv'), ...fields]);
});
const header = ['Model', 'Rates', 'Method', ...withoutTime(columns)];
writeFileSync(new URL('../data/published.csv', import.meta.url), stringify([header, ...table]));

/** The first 21 rows, each 50th row of an unbroken run of iterations, each row with an epoch's figures. */
function sample(path: string): string[][] {
  const [names, ...rows] = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','));
  if (names?.join() !== columns.join())
    throw new Error(`${path} has the columns ${names?.join()}; expected ${columns.join()}.`);
  const kept = rows.filter((row, index) => {
    // Training rows begin at Iteration 2; some files have been cut to one row an epoch further on.
    const unbroken = Number(row[iteration]) === index + 1;
    return index <= 20 || (unbroken && index % 50 === 0) || row[validLossEpoch] !== 'nan';
  });
  return kept.map(withoutTime);
}

function withoutTime(fields: readonly string[]): string[] {
  return fields.toSpliced(time, 1);
}
