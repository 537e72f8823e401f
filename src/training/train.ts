import type { Dataset } from '../data/dataset.js';
import type { Engine, Runner } from '../engine/engine.js';
import { program } from '../engine/program.js';
import { dataParallel } from '../models/data_parallel.js';
import type { Values } from '../models/model.js';
import { models, type ModelName } from '../models/models.js';
import { updateRule, type MethodOptions } from '../optimizers/methods.js';
import type { Method } from '../optimizers/table.js';
import { mt19937, mt19937From, type Mt19937 } from '../random/mt19937.js';
import type { Row } from '../results/row.js';
import type { LearnedRow } from '../results/writer.js';
import { turn } from '../turn.js';
import { supply, type MiniBatch, type Supply } from './ahead.js';
import { asEvaluated } from './evaluated.js';
import { sampleOrder } from './order.js';
import { epochStart, type Position } from './position.js';

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
  /** Whether the model of the last row will be asked for: then a run that its loss ends takes no step beyond. */
  readonly keepModel?: boolean;
  /** Where to go on, with options that are otherwise the same but for `epochs`, `iterations` and `workers`. */
  readonly from?: Snapshot | undefined;
  /** Ends the run early: what it yields last is where it stopped. */
  readonly signal?: AbortSignal;
}

/** Everything that a run is made of at a moment. */
export interface Snapshot {
  readonly position: Position;
  /** The engine's state by path: large, so that nobody keeps it for long. */
  readonly state: () => Promise<Readonly<Record<string, Values>>>;
}

/** What a run yields: rows, and where it is after them. Its state is to be read before the next stretch is asked for. */
export interface Stretch extends Snapshot {
  readonly rows: readonly Row[];
  /** What the rule learns besides α, if anything; of an epoch's last step, too, whose row comes later. */
  readonly learned: readonly LearnedRow[];
  /** Seconds of the validation that the last of the rows tells of. */
  readonly validationSeconds?: number;
  /** The state with the parameters that the model is to be used with, where the rule has others than those it trains. */
  readonly network: () => Promise<Readonly<Record<string, Values>>>;
  /** Whether the run is at its end. */
  readonly ended?: boolean;
}

/**
 * Trains as the authors' train.py does and yields the rows of its results file, some at a time, row 0 first. What it yields
 * last has `ended`, or is where it was interrupted.
 *
 * Randomness is drawn as there: the parameters, the order of the samples for row 0 of which only the first mini-batch is
 * evaluated, then an order for each epoch. Rows begin at iteration 2, because the reference counts an iteration
 * before it logs it; and where it stops early, it does so before it logs.
 */
export async function* train(options: TrainOptions): AsyncGenerator<Stretch, void> {
  try {
    yield* run(options);
  } catch (error) {
    if (error !== options.signal?.reason) throw error;
  }
}

async function* run(options: TrainOptions): AsyncGenerator<Stretch, void> {
  const { method, seed, batchSize, dataset, engine, workers = 0, replicas = 1, from, signal } = options;
  const first = mt19937(seed);
  const rule = updateRule(method, options);
  const model = replicas > 1 ? dataParallel(models[options.model], replicas) : models[options.model];
  const variables = model.init(first);
  await turn(signal);
  const batchSizes = sizesOfBatches(dataset.train.count, batchSize);
  const runner = await engine.start(program({ dataset, model, rule, variables, batchSizes }), {
    signal,
    state: await from?.state(),
  });
  const ofFirstRow = sampleOrder(first, dataset); // before the threads ask for the first epoch's
  const orders = epochOrders(from ? mt19937From(from.position.order) : first, options);
  const batches = await supply(orders.miniBatches(from?.position.step ?? 0), { dataset, model, seed, workers });
  try {
    const network = async () => asEvaluated(rule, await runner.state());
    const start = from?.position ?? { ...epochStart, order: orders.before(1) };
    if (!from) {
      const { row, seconds } = await firstRow(runner, ofFirstRow, rule.alpha0, options);
      yield {
        rows: [row],
        learned: [],
        position: start,
        state: () => runner.state(),
        network,
        validationSeconds: seconds,
      };
    }
    yield* epochs(runner, batches, orders, start, network, options);
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

async function firstRow(runner: Runner, samples: Int32Array, alpha0: number, options: TrainOptions) {
  const { batchSize, beta, signal } = options;
  await turn(signal);
  const { loss: losses } = await runner.evaluate('train', samples.subarray(0, batchSize));
  const loss = mean(losses);
  const { validLoss, accuracy, seconds } = await validation(runner, options);
  const row: Row = {
    epoch: 0,
    iteration: 0,
    time: 0,
    loss,
    lossEpoch: loss,
    validLossEpoch: validLoss,
    alpha: alpha0,
    alphaEpoch: alpha0,
    beta,
    validAccuracy: accuracy,
  };
  return { row, seconds };
}

async function* epochs(
  runner: Runner,
  batches: Supply,
  orders: EpochOrders,
  start: Position,
  network: Stretch['network'],
  options: TrainOptions,
): AsyncGenerator<Stretch, void> {
  const { batchSize, beta, dataset, lossThreshold, keepModel = false, signal } = options;
  const stepsAnEpoch = Math.ceil(dataset.train.count / batchSize);
  const started = performance.now() - 1000 * start.seconds;
  const seconds = () => (performance.now() - started) / 1000;
  let { step, lossSum, alphaSum, due } = start;
  let stepsACall = 1;

  const stretch = (rows: readonly Row[], validationSeconds?: number, learned: readonly LearnedRow[] = []): Stretch => ({
    rows,
    learned,
    position: {
      step,
      lossSum,
      alphaSum,
      due,
      seconds: seconds(),
      order: orders.before(Math.floor(step / stepsAnEpoch) + 1),
    },
    state: () => runner.state(),
    network,
    ...(validationSeconds !== undefined && { validationSeconds }),
  });
  const row = (loss: number, alpha: number, time: number): Row => ({
    epoch: Math.ceil(step / stepsAnEpoch),
    iteration: step + 1,
    time,
    loss,
    lossEpoch: Number.NaN,
    validLossEpoch: Number.NaN,
    alpha,
    alphaEpoch: Number.NaN,
    beta,
  });

  try {
    for (;;) {
      if (due) {
        const { validLoss, accuracy, seconds: validationSeconds } = await validation(runner, options);
        const closing: Row = {
          ...row(due.loss, due.alpha, seconds()),
          lossEpoch: lossSum / stepsAnEpoch,
          validLossEpoch: validLoss,
          alphaEpoch: alphaSum / stepsAnEpoch,
          validAccuracy: accuracy,
        };
        [lossSum, alphaSum, due] = [0, 0, undefined];
        yield stretch([closing], validationSeconds);
      }
      await turn(signal);
      const began = seconds();
      const next = await batches.take(stepsACall);
      if (!next) {
        yield { ...stretch([]), ended: true };
        return;
      }
      const steps = await runner.train(next);
      const secondsAStep = (seconds() - began) / steps.loss.length;
      if (next.batchSize === batchSize && !(lossThreshold > 0 && keepModel)) {
        stepsACall = Math.max(1, Math.round(secondsACall / secondsAStep));
      }

      const rows: Row[] = [];
      const learned: LearnedRow[] = [];
      const symbols = Object.entries(steps.learned);
      for (const [i, loss] of steps.loss.entries()) {
        if (lossThreshold > 0 && loss <= lossThreshold) {
          yield { ...stretch(rows, undefined, learned), ended: true };
          return;
        }
        const alpha = steps.alpha[i] ?? Number.NaN;
        step++;
        lossSum += loss;
        alphaSum += alpha;
        if (symbols.length > 0) {
          const values = Object.fromEntries(symbols.map(([symbol, figures]) => [symbol, figures[i] ?? Number.NaN]));
          learned.push({ iteration: step + 1, values });
        }
        // The steps of a call share its time evenly. They are of one epoch, so that only the last can close it.
        if (step % stepsAnEpoch === 0) due = { loss, alpha };
        else rows.push(row(loss, alpha, began + secondsAStep * (i + 1)));
      }
      yield stretch(rows, undefined, learned);
    }
  } catch (error) {
    if (error !== signal?.reason) throw error;
    yield stretch([]);
  }
}

/** The order of the samples, epoch by epoch. */
interface EpochOrders {
  /** The run's mini-batches from a step on. An iteration is counted before it is logged, hence the 1. */
  miniBatches(step: number): Generator<MiniBatch>;
  /** The stream's state before it draws an epoch's order; nobody asks for an earlier epoch's after that. */
  before(epoch: number): Uint32Array;
}

/** @param source stands before the order of the epoch that the first mini-batch belongs to. */
function epochOrders(
  source: Mt19937,
  { dataset, batchSize, epochs, iterations }: Pick<TrainOptions, 'dataset' | 'batchSize' | 'epochs' | 'iterations'>,
): EpochOrders {
  // Mini-batches are prepared ahead, so that the order of an epoch may be drawn while the one before is trained.
  const states = new Map<number, Uint32Array>();
  return {
    *miniBatches(step) {
      const stepsAnEpoch = Math.ceil(dataset.train.count / batchSize);
      let index = step;
      let start = (step % stepsAnEpoch) * batchSize;
      for (let epoch = Math.floor(step / stepsAnEpoch) + 1; epochs === 0 || epoch <= epochs; epoch++) {
        states.set(epoch, source.state());
        const samples = sampleOrder(source, dataset);
        for (; start < samples.length; start += batchSize) {
          if (iterations > 0 && index + 1 >= iterations) return;
          yield { index: index++, epoch, rows: samples.subarray(start, start + batchSize) };
        }
        start = 0;
      }
    },
    before(epoch) {
      for (const earlier of states.keys()) if (earlier < epoch) states.delete(earlier);
      return states.get(epoch) ?? source.state();
    },
  };
}

/** Mean cross-entropy over the test set and the share that is classified right, a part a call. */
async function validation(runner: Runner, { dataset, signal }: TrainOptions) {
  const began = performance.now();
  const rows = Int32Array.from({ length: dataset.test.count }, (_, i) => i);
  const losses = new Float32Array(rows.length);
  let correct = 0;
  let size = validationPart;
  for (let start = 0; start < rows.length;) {
    await turn(signal);
    const part = rows.subarray(start, start + size);
    const partBegan = performance.now();
    const figures = await runner.evaluate('test', part);
    losses.set(figures.loss, start);
    correct += sum(figures.correct);
    const parts = (size / validationPart) * ((1000 * secondsACall) / (performance.now() - partBegan));
    size = validationPart * Math.max(1, Math.round(parts));
    start += part.length;
  }
  return {
    validLoss: mean(losses),
    accuracy: correct / rows.length,
    seconds: (performance.now() - began) / 1000,
  };
}

/** In float64, and of all figures at once, so that it does not depend on how many came in a call. */
function mean(figures: Float32Array): number {
  return sum(figures) / figures.length;
}

function sum(figures: Float32Array): number {
  return figures.reduce((total, figure) => total + figure, 0);
}
