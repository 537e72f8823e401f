/**
 * Trains the settings of a grid together, as one graph, and each alone; tells how far their rows are apart and how long both
 * took. Where they are farther apart than rounding, it trains that run alone with the next larger α₀ and β that float32
 * has: as far as that is from the run itself, it is chaotic. By default the 36 of the reproduction's grid, α₀ and β each 1e-1 to 1e-6.
 *
 *     npx tsx scripts/together.ts [--model logreg] [--method adam_hd] [--exponents 1,2,3,4,5,6] [--epochs 2] [--reduction 1]
 */
import { parseArgs } from 'node:util';
import { loadMnist } from '../src/data/mnist.js';
import { reduced } from '../src/data/reduced.js';
import { onnxEngine } from '../src/engine/onnx/engine.js';
import type { ModelName } from '../src/models/models.js';
import type { Method } from '../src/methods/table.js';
import type { Row } from '../src/results/row.js';
import { trainTogether, type OwnOptions, type SharedOptions } from '../src/training/train.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'logreg' },
    method: { type: 'string', default: 'adam_hd' },
    exponents: { type: 'string', default: '1,2,3,4,5,6' },
    epochs: { type: 'string', default: '2' },
    reduction: { type: 'string', default: '1' },
  },
});
const shared: SharedOptions = {
  ...{ model: values.model as ModelName, method: values.method as Method, seed: 1, batchSize: 128 },
  ...{ epochs: Number(values.epochs), iterations: 0, lossThreshold: 0, engine: onnxEngine() },
  dataset: reduced(loadMnist().dataset, Number(values.reduction)),
};
const rates = values.exponents.split(',').map((exponent) => Number(`1e-${exponent}`));
const runs = rates.flatMap((alpha0) => rates.map((beta): OwnOptions => ({ alpha0, beta, mu: 0.9, weightDecay: 1e-4 })));

const columns = ['loss', 'alpha', 'validLossEpoch'] as const;

const together = await rowsOf(runs);
let [seconds, steps, near, chaotic] = [0, 0, 0, 0];
for (const [i, run] of runs.entries()) {
  const alone = await rowsOf([run]);
  seconds += alone.seconds;
  steps = alone.rows[0]!.length;
  const [rows, expected] = [together.rows[i]!, alone.rows[0]!];
  let text = `α₀ ${run.alpha0}, β ${run.beta}: ${told(rows, expected)}`;
  if (most(rows, expected) <= 1e-5) near++;
  else {
    const nudged = (await rowsOf([{ ...run, alpha0: nextFloat(run.alpha0), beta: nextFloat(run.beta) }])).rows[0]!;
    if (most(nudged, expected) > 1e-5) chaotic++;
    text += `; with the next α₀ and β ${told(nudged, expected)}`;
  }
  console.log(`${text}; the last loss is ${expected.at(-1)!.lossEpoch.toPrecision(3)}`);
}
console.log(
  `${near} of ${runs.length} within 1e-5 of alone; of the others ${chaotic} are as far from alone with the next α₀ and β`,
);
const [a, b] = [together.seconds, seconds].map((each) => ((1000 * each) / steps / runs.length).toFixed(3));
console.log(`a run and step ${a} ms together, ${b} ms alone`);

/** The seconds count from the first row on, without what was compiled. */
async function rowsOf(some: readonly OwnOptions[]): Promise<{ rows: Row[][]; seconds: number }> {
  const rows: Row[][] = some.map(() => []);
  let began: number | undefined;
  for await (const stretches of trainTogether(some, shared)) {
    for (const [i, stretch] of stretches.entries()) rows[i]!.push(...stretch.rows);
    began ??= performance.now();
  }
  return { rows, seconds: (performance.now() - began!) / 1000 };
}

/** The largest relative deviation of a column; of α, by its largest value. */
function deviation(rows: readonly Row[], others: readonly Row[], column: (typeof columns)[number]): number {
  const largest = Math.max(...others.map((row) => Math.abs(row[column])).filter(Number.isFinite));
  const deviations = rows.map((row, i) => {
    const [value, other] = [row[column], others[i]![column]];
    return Object.is(value, other) ? 0 : Math.abs(value - other) / (column === 'alpha' ? largest : Math.abs(other));
  });
  return deviations.some(Number.isNaN) ? Infinity : Math.max(...deviations);
}

function most(rows: readonly Row[], others: readonly Row[]): number {
  return Math.max(...columns.map((column) => deviation(rows, others, column)));
}

function told(rows: readonly Row[], others: readonly Row[]): string {
  const figures = columns.map((column) => deviation(rows, others, column).toExponential(1));
  return `loss, α and validation loss ${figures.join(', ')}`;
}

function nextFloat(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0]!++;
  return new Float32Array(bits.buffer)[0]!;
}
