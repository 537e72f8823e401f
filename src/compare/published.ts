import { fileURLToPath } from 'node:url';
import { csvParseRows } from 'd3-dsv';
import { group } from 'd3-array';
import { UsageError } from '../errors.js';
import { methodOrder, type Run } from '../results/find.js';
import { readText } from '../files.js';
import { rowParser } from '../results/read.js';

/** Rows sampled from the authors' published runs; `data/README.md` says which. As far from `src/` as from `dist/`. */
const path = fileURLToPath(new URL('../../data/published.csv', import.meta.url));

/** The published runs, as far as the package has them: row 0 to 20, every 50th row, and the epochs' last rows. */
export function publishedRuns(): Run[] {
  const [header = [], ...records] = csvParseRows(readText(path));
  const toRow = rowParser(header, path, { absent: 'Time' });
  const [model, rates, method] = ['Model', 'Rates', 'Method'].map((column) => header.indexOf(column));
  const keyed = records.map((record, index) => ({
    model: record[model ?? -1] ?? '',
    rates: record[rates ?? -1] ?? '',
    method: record[method ?? -1] ?? '',
    // Line 1 is the header's.
    row: toRow(record, index + 2),
  }));
  const runs = group(keyed, (entry) => [entry.model, entry.rates, entry.method].join('/')).values();
  return Array.from(runs, (entries): Run => {
    const [first] = entries;
    const known = methodOrder.find((name) => name === first?.method);
    if (!first || !known) throw new UsageError(`${path}: '${first?.method}' is not a method`);
    return {
      model: first.model,
      rates: first.rates,
      method: known,
      finished: true,
      path,
      record: undefined,
      rows: entries.map(({ row }) => row),
    };
  });
}
