/**
 * Trains the settings of a grid together, as one graph, and each alone; tells how far their rows are apart and how long both
 * took. By default the 36 of the reproduction's grid, α₀ and β each 1e-1 to 1e-6.
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

const together = await rowsOf(runs);
let [seconds, steps, near] = [0, 0, 0];
for (const [i, run] of runs.entries()) {
  const alone = await rowsOf([run]);
  seconds += alone.seconds;
  steps = alone.rows[0]!.length;
  const [loss, alpha, validLoss] = (['loss', 'alpha', 'validLossEpoch'] as const).map((column) =>
    deviation(together.rows[i]!, alone.rows[0]!, column),
  );
  const isNear = Math.max(loss!.most, alpha!.most, validLoss!.most) <= 1e-5;
  if (isNear) near++;
  const text = [loss, alpha, validLoss].map((each) => `${each!.most.toExponential(1)} (row ${each!.row})`).join(', ');
  const last = alone.rows[0]!.at(-1)!;
  console.log(
    `α₀ ${run.alpha0}, β ${run.beta}: loss, α, validation loss ${text}${isNear ? '' : ' beyond 1e-5'}; ` +
      `ends at α ${last.alpha.toPrecision(3)}, loss ${last.lossEpoch.toPrecision(4)}`,
  );
}
const [a, b] = [together.seconds, seconds].map((each) => ((1000 * each) / steps / runs.length).toFixed(3));
console.log(`${near} of ${runs.length} within 1e-5 of alone; a run and step ${a} ms together, ${b} ms alone`);

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

/** The largest relative deviation of a column, and the first row that has it; of α, by its largest value. */
function deviation(rows: readonly Row[], others: readonly Row[], column: 'loss' | 'alpha' | 'validLossEpoch') {
  const largest = Math.max(...others.map((row) => Math.abs(row[column])).filter(Number.isFinite));
  let [most, at] = [0, 0];
  for (const [i, row] of rows.entries()) {
    const [value, other] = [row[column], others[i]![column]];
    if (Object.is(value, other)) continue;
    const by = Math.abs(value - other) / (column === 'alpha' ? largest : Math.abs(other));
    if (!(by <= most)) [most, at] = [Number.isNaN(by) ? Infinity : by, i];
  }
  return { most, row: at };
}
