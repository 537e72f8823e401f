/**
 * Prints, epoch by epoch, how far the losses of two runs' mini-batches go together: the correlation between what each
 * loss is above the mean of the 31 around it. Runs that take the same images in the same order correlate; the same runs a
 * few mini-batches apart do not, which the last column shows.
 *
 *     npx tsx scripts/loss-correlation.ts A.csv B.csv
 *
 * Both files must have a row for every mini-batch, as those in the folder `results` of
 * https://github.com/gbaydin/hypergradient-descent do.
 */
import { mean, rollup } from 'd3-array';
import { readRun } from '../src/results/read.js';
import type { Row } from '../src/results/row.js';

const [a, b] = process.argv.slice(2);
if (a === undefined || b === undefined) {
  console.error('Usage: tsx scripts/loss-correlation.ts A.csv B.csv, two results files');
  process.exit(2);
}
const side = 15;
const apart = 7;
const [left, right] = [byEpoch(readRun(a)), byEpoch(readRun(b))];
const lines: string[] = [];
for (const [epoch, losses] of left) {
  const others = right.get(epoch)?.slice(0, losses.length) ?? [];
  const [x, y] = [excesses(losses.slice(0, others.length)), excesses(others)];
  if (x.length <= 4 * side) continue;
  const figures = [correlation(x, y), correlation(x.slice(apart), y.slice(0, -apart))];
  lines.push([epoch, ...figures.map((figure) => figure.toFixed(3))].join());
}
if (lines.length === 0) {
  console.error(`No epoch has more than ${4 * side + 2 * side} mini-batches in both files.`);
  process.exit(1);
}
console.log(['epoch,correlation,apart', ...lines].join('\n'));

function byEpoch(rows: readonly Row[]): Map<number, number[]> {
  return rollup(
    rows,
    (some) => some.map(({ loss }) => loss),
    ({ epoch }) => epoch,
  );
}

function excesses(losses: readonly number[]): number[] {
  const inner = losses.slice(side, losses.length - side);
  return inner.map((loss, i) => loss - mean(losses.slice(i, i + 2 * side + 1))!);
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const product = (u: readonly number[], v: readonly number[]) => mean(u, (value, i) => value * v[i]!)!;
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}
