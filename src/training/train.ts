import { setImmediate } from 'node:timers/promises';
import type { Dataset } from '../data/dataset.js';
import type { Engine, Runner } from '../engine/engine.js';
import { program } from '../engine/program.js';
import { models, type ModelName } from '../models/models.js';
import { updateRule, type Method, type MethodOptions } from '../optimizers/methods.js';
import { mt19937 } from '../random/mt19937.js';
import { permutation } from '../random/torch.js';
import type { Row } from '../results/row.js';
import { preparation } from './prepare.js';

/** A call of the engine takes about so long, so that progress and an interrupt are never far away. */
const secondsACall = 0.2;

/** Images of the smallest part of a validation. */
const validationPart = 500;

export interface TrainOptions extends MethodOptions {
  readonly model: ModelName;
  readonly method: Method;
  /** Seed of the parameters' initial values and of the order of the samples. */
  readonly seed: number;
  readonly batchSize: number;
  /** Stop after so many passes over the training set; 0: no limit. */
  readonly epochs: number;
  /** Stop after the row of this iteration; 0: no limit. */
  readonly iterations: number;
  /** Stop when a mini-batch's loss is at or below this; 0: no limit. */
  readonly lossThreshold: number;
  readonly dataset: Dataset;
  readonly engine: Engine;
  /** Ends the run early: the rows of the steps taken so far have been yielded. */
  readonly signal?: AbortSignal;
}

/**
 * Trains as the authors' train.py does and yields the rows of its results file, some at a time, row 0 first.
 *
 * Randomness is drawn as there: the parameters, a permutation for row 0 of which only the first mini-batch is
 * evaluated, then a permutation for each epoch. Rows begin at iteration 2, because the reference counts an iteration
 * before it logs it; and where it stops early, it does so before it logs.
 */
export async function* train(options: TrainOptions): AsyncGenerator<readonly Row[], void> {
  const { model, method, seed, dataset, engine } = options;
  const source = mt19937(seed);
  const rule = updateRule(method, options);
  const variables = models[model].init(source);
  const runner = await engine.start(program({ dataset, model: models[model], rule, variables }));
  try {
    const pass = () => permutation(source, dataset.train.count);
    const first = await firstRow(runner, pass(), options);
    if (options.signal?.aborted) return;
    yield [first];
    yield* epochs(runner, pass, options);
  } finally {
    await runner.dispose();
  }
}

async function firstRow(runner: Runner, samples: Int32Array, options: TrainOptions): Promise<Row> {
  const { batchSize, alpha0, beta } = options;
  const loss = mean(await runner.evaluate('train', samples.subarray(0, batchSize)));
  const validLoss = await validationLoss(runner, options);
  return {
    epoch: 0,
    iteration: 0,
    time: 0,
    loss,
    lossEpoch: loss,
    validLossEpoch: validLoss,
    alpha: alpha0,
    alphaEpoch: alpha0,
    beta,
  };
}

async function* epochs(
  runner: Runner,
  pass: () => Int32Array,
  options: TrainOptions,
): AsyncGenerator<readonly Row[], void> {
  const { batchSize, beta, dataset, epochs, iterations, lossThreshold, signal } = options;
  const prepare = preparation(dataset, models[options.model], options.seed);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let iteration = 1;
  let stepsACall = 1;

  for (let epoch = 1; epochs === 0 || epoch <= epochs; epoch++) {
    const samples = pass();
    const batches = Math.ceil(samples.length / batchSize);
    let [batch, lossSum, alphaSum] = [0, 0, 0];

    for (let next = 0; next < samples.length;) {
      const left = samples.length - next;
      const size = Math.min(batchSize, left);
      const allowed = iterations === 0 ? Infinity : iterations - iteration;
      const count = Math.min(stepsACall, Math.floor(left / size), allowed);
      await setImmediate(); // an interrupt that came during the last call is heard before the next
      if (count < 1 || signal?.aborted) return;

      const rows = samples.subarray(next, next + count * size);
      const began = seconds();
      const steps = await runner.train({ rows, batchSize: size, ...prepare(rows) });
      const secondsAStep = (seconds() - began) / count;
      if (size === batchSize) stepsACall = Math.max(1, Math.round(secondsACall / secondsAStep));
      next += count * size;

      const results: Row[] = [];
      for (const [i, loss] of steps.loss.entries()) {
        if (lossThreshold > 0 && loss <= lossThreshold) {
          yield results;
          return;
        }
        const alpha = steps.alpha[i] ?? Number.NaN;
        lossSum += loss;
        alphaSum += alpha;
        const due = ++batch === batches;
        const validLossEpoch = due ? await validationLoss(runner, options) : Number.NaN;
        if (due && signal?.aborted) break;
        results.push({
          epoch,
          iteration: ++iteration,
          // The steps of a call share its time evenly.
          time: due ? seconds() : began + secondsAStep * (i + 1),
          loss,
          lossEpoch: due ? lossSum / batches : Number.NaN,
          validLossEpoch,
          alpha,
          alphaEpoch: due ? alphaSum / batches : Number.NaN,
          beta,
        });
      }
      yield results;
    }
  }
}

/** Mean cross-entropy over the test set, a part a call; of no meaning when it was aborted. */
async function validationLoss(runner: Runner, { dataset, signal }: TrainOptions): Promise<number> {
  const rows = Int32Array.from({ length: dataset.test.count }, (_, i) => i);
  const losses = new Float32Array(rows.length);
  let size = validationPart;
  for (let start = 0; start < rows.length && !signal?.aborted;) {
    await setImmediate();
    const part = rows.subarray(start, start + size);
    const began = performance.now();
    losses.set(await runner.evaluate('test', part), start);
    const parts = (size / validationPart) * ((1000 * secondsACall) / (performance.now() - began));
    size = validationPart * Math.max(1, Math.round(parts));
    start += part.length;
  }
  return mean(losses);
}

/** In float64, and of all figures at once, so that it does not depend on how many came in a call. */
function mean(figures: Float32Array): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}
