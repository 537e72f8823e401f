import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { csvParse } from 'd3-dsv';
import { gridOf } from '../src/plot/grid.js';
import { writeFigure } from '../src/plot/output.js';
import { methodOrder } from '../src/results/find.js';
import { statistic, summarize, type SettingSummary } from '../src/summary/summary.js';

/**
 * Draws the heat maps of the COMP6248 reproduction of the paper and ours, in the same colours:
 *
 *     npx hypergrad sweep sweeps/reproduction.yaml --dir RESULTS
 *     npx tsx scripts/reproduction_grid.ts FINAL_ROWS.csv RESULTS [--plotDir plots]
 *
 * FINAL_ROWS.csv has the last row of each of the reproduction's files: model, method, alpha_0, beta, LossEpoch,
 * ValidLossEpoch, Alpha, BestValidLoss. Its files of sgd, sgdn and adam are the same for every β; one of them is taken.
 */
/** The validation loss of their row 0, which stands for its training loss, too: a run that ends above it by both has diverged. */
const untrained = 2.32267145;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { plotDir: { type: 'string', default: 'plots' } },
});
const [finalRows, results] = positionals;
if (finalRows === undefined || results === undefined) {
  throw new Error('usage: npx tsx scripts/reproduction_grid.ts FINAL_ROWS.csv RESULTS');
}
const warn = (text: string) => void process.stderr.write(`warning: ${text}\n`);
const theirs = theirSettings(readFileSync(finalRows, 'utf8'));
const ours = summarize({ dir: results, reach: undefined, warn }).filter(({ model }) => model === 'logreg');
for (const [name, title, settings] of [
  ['theirs', 'The reproduction', theirs],
  ['ours', 'hypergrad, the same grid', ours],
] as const) {
  const figure = gridOf(settings, 'validLoss', title, undefined, [...theirs, ...ours]);
  const path = join(values.plotDir, `reproduction_${name}`);
  for (const written of await writeFigure(figure, path, ['png'], warn)) process.stdout.write(`${written}\n`);
}

function theirSettings(text: string): SettingSummary[] {
  return csvParse(text)
    .filter(({ model }) => model === 'logreg')
    .map((row) => {
      const value = (column: string) => number(row[column]);
      const method = methodOrder.find((known) => known === row.method);
      if (!method) throw new Error(`${finalRows}: '${row.method}' is not a method`);
      const [loss, validLoss] = [value('LossEpoch'), value('ValidLossEpoch')];
      const diverged =
        !Number.isFinite(value('Loss')) ||
        !Number.isFinite(value('Alpha')) ||
        !(loss <= untrained || validLoss <= untrained);
      return {
        ...{ model: 'logreg', method, rates: `${row.alpha_0}_${row.beta}` },
        ...{ alpha_0: value('alpha_0'), beta: value('beta'), runs: 1, diverged: diverged ? ['1'] : [] },
        ...{ loss: statistic([loss]), bestLoss: statistic([]) },
        validLoss: statistic(diverged ? [] : [validLoss]),
        bestValidLoss: statistic([value('BestValidLoss')]),
        ...{ validAccuracy: statistic([]), alpha: statistic([value('Alpha')]), reached: statistic([]) },
      };
    })
    .filter(({ method, beta }) => method.endsWith('_hd') || beta === 0.1);
}

/** NaN where a field is empty or says so. */
function number(text = ''): number {
  return text.trim() === '' ? NaN : Number(text.replace(/^nan$/i, 'NaN'));
}
