import type { Dataset } from '../data/dataset.js';
import type { Engine, Runner } from '../engine/engine.js';
import { program } from '../engine/program.js';
import { dataParallel } from '../models/data_parallel.js';
import { models, type ModelName } from '../models/models.js';
import { updateRule, type Method, type MethodOptions } from '../optimizers/methods.js';
import { mt19937 } from '../random/mt19937.js';
import type { Row } from '../results/row.js';
import { turn } from '../turn.js';
import { supply, type MiniBatch, type Supply } from './ahead.js';
import { sampleOrder } from './order.js';

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
  /** Threads that prepare images ahead of the steps; 0, the default: they are prepared in line. */
  readonly workers?: number;
  /** Parts that a mini-batch is cut into, as on so many GPUs; 1, the default: it stays whole. */
  readonly replicas?: number;
  /**
   * Ends the run early: the rows of the steps taken so far have been yielded, but for an epoch's last one, which waits for
   * its validation.
   */
  readonly signal?: AbortSignal;
}

/**
 * Trains as the authors' train.py does and yields the rows of its results file, some at a time, row 0 first.
 *
 * Randomness is drawn as there: the parameters, the order of the samples for row 0 of which only the first mini-batch is
 * evaluated, then an order for each epoch. Rows begin at iteration 2, because the reference counts an iteration
 * before it logs it; and where it stops early, it does so before it logs.
 */
export async function* train(options: TrainOptions): AsyncGenerator<readonly Row[], void> {
  try {
    yield* run(options);
  } catch (error) {
    if (error !== options.signal?.reason) throw error;
  }
}

async function* run(options: TrainOptions): AsyncGenerator<readonly Row[], void> {
  const { method, seed, batchSize, dataset, engine, workers = 0, replicas = 1, signal } = options;
  const source = mt19937(seed);
  const rule = updateRule(method, options);
  const model = replicas > 1 ? dataParallel(models[options.model], replicas) : models[options.model];
  const variables = model.init(source);
  await turn(signal);
  const batchSizes = sizesOfBatches(dataset.train.count, batchSize);
  const runner = await engine.start(program({ dataset, model, rule, variables, batchSizes }), signal);
  const pass = () => sampleOrder(source, dataset);
  const ofFirstRow = pass(); // before the threads ask for the first epoch's
  const batches = await supply(miniBatches(pass, options), { dataset, model, seed, workers });
  try {
    yield [await firstRow(runner, ofFirstRow, options)];
    yield* epochs(runner, batches, options);
  } finally {
    await batches.end();
    await runner.dispose();
  }
}

/** Whole mini-batches, and what is left for an epoch's last. */
function sizesOfBatches(samples: number, batchSize: number): number[] {
  const sizes = new Set([Math.min(batchSize, samples), samples % batchSize]);
  sizes.delete(0);
  return [...sizes];
}

async function firstRow(runner: Runner, samples: Int32Array, options: TrainOptions): Promise<Row> {
  const { batchSize, alpha0, beta, signal } = options;
  await turn(signal);
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

async function* epochs(runner: Runner, batches: Supply, options: TrainOptions): AsyncGenerator<readonly Row[], void> {
  const { batchSize, beta, dataset, lossThreshold, signal } = options;
  const stepsAnEpoch = Math.ceil(dataset.train.count / batchSize);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let stepsACall = 1;
  let [step, lossSum, alphaSum] = [0, 0, 0];

  for (;;) {
    await turn(signal);
    const began = seconds();
    const next = await batches.take(stepsACall);
    if (!next) return;
    const steps = await runner.train(next);
    const secondsAStep = (seconds() - began) / steps.loss.length;
    if (next.batchSize === batchSize) stepsACall = Math.max(1, Math.round(secondsACall / secondsAStep));

    let results: Row[] = [];
    for (const [i, loss] of steps.loss.entries()) {
      if (lossThreshold > 0 && loss <= lossThreshold) {
        yield results;
        return;
      }
      const alpha = steps.alpha[i] ?? Number.NaN;
      lossSum += loss;
      alphaSum += alpha;
      const due = ++step % stepsAnEpoch === 0;
      if (due) {
        yield results; // which an interrupt of the validation must not lose
        results = [];
      }
      const validLossEpoch = due ? await validationLoss(runner, options) : Number.NaN;
      results.push({
        epoch: Math.ceil(step / stepsAnEpoch),
        iteration: step + 1,
        // The steps of a call share its time evenly.
        time: due ? seconds() : began + secondsAStep * (i + 1),
        loss,
        lossEpoch: due ? lossSum / stepsAnEpoch : Number.NaN,
        validLossEpoch,
        alpha,
        alphaEpoch: due ? alphaSum / stepsAnEpoch : Number.NaN,
        beta,
      });
      if (due) [lossSum, alphaSum] = [0, 0];
    }
    yield results;
  }
}

/** The run's mini-batches: each epoch's permutation in parts. An iteration is counted before it is logged, hence the 1. */
function* miniBatches(
  pass: () => Int32Array,
  { batchSize, epochs, iterations }: TrainOptions,
): Generator<MiniBatch, void> {
  let index = 0;
  for (let epoch = 1; epochs === 0 || epoch <= epochs; epoch++) {
    const samples = pass();
    for (let start = 0; start < samples.length; start += batchSize) {
      if (iterations > 0 && index + 1 >= iterations) return;
      yield { index: index++, epoch, rows: samples.subarray(start, start + batchSize) };
    }
  }
}

/** Mean cross-entropy over the test set, a part a call. */
async function validationLoss(runner: Runner, { dataset, signal }: TrainOptions): Promise<number> {
  const rows = Int32Array.from({ length: dataset.test.count }, (_, i) => i);
  const losses = new Float32Array(rows.length);
  let size = validationPart;
  for (let start = 0; start < rows.length;) {
    await turn(signal);
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
