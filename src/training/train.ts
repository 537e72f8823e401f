import type { Dataset } from '../data/dataset.js';
import { startTogether, type Engine, type Runners } from '../engine/engine.js';
import { program } from '../engine/program.js';
import { dataParallel } from '../models/data_parallel.js';
import type { Values } from '../models/model.js';
import { models, type ModelName } from '../models/models.js';
import { updateRule, type MethodOptions } from '../methods/rule.js';
import type { UpdateRule } from '../optimizers/rule.js';
import type { Method } from '../methods/table.js';
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

/** What runs that are trained together have in common. */
export interface SharedOptions {
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
  /** Ends the run early: what it yields last is where it stopped. */
  readonly signal?: AbortSignal;
}

/** What each of them has of its own. */
export interface OwnOptions extends MethodOptions {
  /** Where to go on, with options that are otherwise the same but for `epochs`, `iterations` and `workers`. */
  readonly from?: Snapshot | undefined;
}

export interface TrainOptions extends SharedOptions, OwnOptions {}

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
  for await (const [stretch] of trainTogether([options], options)) yield stretch!;
}

/**
 * Trains several runs at once, each as `train` would alone, to float32's rounding; yields a stretch of each. They see the same
 * mini-batches, so that all begin at the same step; none may end by its loss, which the others would not. A run's seconds
 * are its share of what they take together.
 */
export async function* trainTogether(
  runs: readonly OwnOptions[],
  options: SharedOptions,
): AsyncGenerator<readonly Stretch[], void> {
  try {
    yield* together(runs, options);
  } catch (error) {
    if (error !== options.signal?.reason) throw error;
  }
}

async function* together(
  runs: readonly OwnOptions[],
  options: SharedOptions,
): AsyncGenerator<readonly Stretch[], void> {
  const { method, seed, batchSize, dataset, engine, lossThreshold, workers = 0, replicas = 1, signal } = options;
  const from = resumed(runs);
  if (runs.length > 1 && lossThreshold > 0) throw new Error('a run that its loss ends is trained alone');
  const first = mt19937(seed);
  const rules = runs.map((own) => updateRule(method, own));
  const model = replicas > 1 ? dataParallel(models[options.model], replicas) : models[options.model];
  const variables = model.init(first);
  await turn(signal);
  const batchSizes = sizesOfBatches(dataset.train.count, batchSize);
  const programs = rules.map((rule, i) =>
    program({ dataset, model, rule, variables: i === 0 ? variables : structuredClone(variables), batchSizes }),
  );
  const states = from && (await Promise.all(from.map(({ state }) => state())));
  const runners = await startTogether(engine, programs, { signal, states });
  const ofFirstRow = sampleOrder(first, dataset); // before the threads ask for the first epoch's
  const position = from?.[0]?.position;
  const orders = epochOrders(position ? mt19937From(position.order) : first, options);
  const batches = await supply(orders.miniBatches(position?.step ?? 0), { dataset, model, seed, workers });
  try {
    const starts = from?.map((each) => each.position) ?? runs.map(() => ({ ...epochStart, order: orders.before(1) }));
    if (!from) {
      const rates = rules.map(({ alpha0 }) => alpha0);
      const { rows, seconds } = await firstRows(runners, ofFirstRow, rates, runs, options);
      const states = statesOf(runners, rules);
      yield rows.map((row, i) => ({
        rows: [row],
        learned: [],
        position: starts[i]!,
        ...states(i),
        validationSeconds: seconds,
      }));
    }
    yield* epochs(runners, batches, orders, starts, { runs, rules }, options);
  } finally {
    await batches.end();
    await runners.dispose();
  }
}

/** Where all of them go on; undefined where all begin. */
function resumed(runs: readonly OwnOptions[]): readonly Snapshot[] | undefined {
  const from = runs.flatMap((run) => run.from ?? []);
  if (from.length === 0) return undefined;
  const [first] = from.map(({ position }) => position);
  const isThere = ({ position: { step, due } }: Snapshot) => step === first!.step && !due === !first!.due;
  if (from.length < runs.length || !from.every(isThere)) {
    throw new Error('runs that are trained together begin at the same step, before its validation or after it');
  }
  return from;
}

/** The state and the network of each run as they are now, read of all at once when those of any are asked for. */
function statesOf(runners: Runners, rules: readonly UpdateRule[]) {
  let all: Promise<readonly Readonly<Record<string, Values>>[]> | undefined;
  return (i: number): Pick<Stretch, 'state' | 'network'> => {
    const state = async () => (await (all ??= runners.state()))[i]!;
    return { state, network: async () => asEvaluated(rules[i]!, await state()) };
  };
}

/** Whole mini-batches, and what is left for an epoch's last. */
function sizesOfBatches(samples: number, batchSize: number): number[] {
  const sizes = new Set([Math.min(batchSize, samples), samples % batchSize]);
  sizes.delete(0);
  return [...sizes];
}

async function firstRows(
  runners: Runners,
  samples: Int32Array,
  rates: readonly number[],
  runs: readonly OwnOptions[],
  options: SharedOptions,
): Promise<{ rows: Row[]; seconds: number }> {
  const { batchSize, signal } = options;
  await turn(signal);
  const firstBatch = await runners.evaluate('train', samples.subarray(0, batchSize));
  const { figures, seconds } = await validation(runners, options);
  const rows = runs.map(({ beta }, i): Row => {
    const alpha = rates[i]!;
    const loss = mean(firstBatch[i]!.loss);
    const { validLoss, accuracy } = figures[i]!;
    return {
      ...{ epoch: 0, iteration: 0, time: 0, loss, lossEpoch: loss, validLossEpoch: validLoss },
      ...{ alpha, alphaEpoch: alpha, beta, validAccuracy: accuracy },
    };
  });
  return { rows, seconds };
}

/** What a run adds up from step to step. */
type Sums = Pick<Position, 'lossSum' | 'alphaSum' | 'due'>;

async function* epochs(
  runners: Runners,
  batches: Supply,
  orders: EpochOrders,
  starts: readonly Position[],
  { runs, rules }: { readonly runs: readonly OwnOptions[]; readonly rules: readonly UpdateRule[] },
  options: SharedOptions,
): AsyncGenerator<readonly Stretch[], void> {
  const { batchSize, dataset, lossThreshold, keepModel = false, signal } = options;
  const stepsAnEpoch = Math.ceil(dataset.train.count / batchSize);
  const started = performance.now();
  const share = () => (performance.now() - started) / 1000 / runs.length;
  let { step } = starts[0]!;
  const sums = starts.map(({ lossSum, alphaSum, due }): Sums => ({ lossSum, alphaSum, due }));
  let stepsACall = 1;

  const stretches = (
    rowsOf: (i: number) => readonly Row[],
    more: Partial<Stretch> = {},
    learnedOf: (i: number) => readonly LearnedRow[] = () => [],
  ): Stretch[] => {
    const [seconds, order] = [share(), orders.before(Math.floor(step / stepsAnEpoch) + 1)];
    const states = statesOf(runners, rules);
    return sums.map((sum, i) => ({
      rows: rowsOf(i),
      learned: learnedOf(i),
      position: { ...sum, step, seconds: starts[i]!.seconds + seconds, order },
      ...states(i),
      ...more,
    }));
  };
  const row = (i: number, loss: number, alpha: number, seconds: number): Row => ({
    epoch: Math.ceil(step / stepsAnEpoch),
    iteration: step + 1,
    time: starts[i]!.seconds + seconds,
    loss,
    lossEpoch: Number.NaN,
    validLossEpoch: Number.NaN,
    alpha,
    alphaEpoch: Number.NaN,
    beta: runs[i]!.beta,
  });

  try {
    for (;;) {
      if (sums[0]!.due) {
        const { figures, seconds: validationSeconds } = await validation(runners, options);
        const now = share();
        const closing = sums.map(({ lossSum, alphaSum, due }, i): Row => ({
          ...row(i, due!.loss, due!.alpha, now),
          lossEpoch: lossSum / stepsAnEpoch,
          validLossEpoch: figures[i]!.validLoss,
          alphaEpoch: alphaSum / stepsAnEpoch,
          validAccuracy: figures[i]!.accuracy,
        }));
        sums.fill({ lossSum: 0, alphaSum: 0, due: undefined });
        yield stretches((i) => [closing[i]!], { validationSeconds });
      }
      await turn(signal);
      const [began, beganAll] = [share(), performance.now()];
      const next = await batches.take(stepsACall);
      if (!next) {
        yield stretches(() => [], { ended: true });
        return;
      }
      const steps = await runners.train(next);
      const count = steps[0]!.loss.length;
      const secondsAStep = (share() - began) / count;
      if (next.batchSize === batchSize && !(lossThreshold > 0 && keepModel)) {
        const secondsOfAll = (performance.now() - beganAll) / 1000 / count;
        stepsACall = Math.max(1, Math.round(secondsACall / secondsOfAll));
      }

      const rows: Row[][] = runs.map(() => []);
      const learned: LearnedRow[][] = runs.map(() => []);
      const symbols = Object.keys(steps[0]!.learned);
      for (let k = 0; k < count; k++) {
        if (lossThreshold > 0 && steps[0]!.loss[k]! <= lossThreshold) {
          yield stretches(
            (i) => rows[i]!,
            { ended: true },
            (i) => learned[i]!,
          );
          return;
        }
        step++;
        for (const [i, figures] of steps.entries()) {
          const [loss = Number.NaN, alpha = Number.NaN] = [figures.loss[k], figures.alpha[k]];
          if (symbols.length > 0) {
            const values = Object.fromEntries(
              symbols.map((symbol) => [symbol, figures.learned[symbol]?.[k] ?? Number.NaN]),
            );
            learned[i]!.push({ iteration: step + 1, values });
          }
          // The steps of a call share its time evenly. They are of one epoch, so that only the last can close it.
          const closes = step % stepsAnEpoch === 0;
          const { lossSum, alphaSum } = sums[i]!;
          sums[i] = { lossSum: lossSum + loss, alphaSum: alphaSum + alpha, due: closes ? { loss, alpha } : undefined };
          if (!closes) rows[i]!.push(row(i, loss, alpha, began + secondsAStep * (k + 1)));
        }
      }
      yield stretches(
        (i) => rows[i]!,
        {},
        (i) => learned[i]!,
      );
    }
  } catch (error) {
    if (error !== signal?.reason) throw error;
    yield stretches(() => []);
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
  { dataset, batchSize, epochs, iterations }: Pick<SharedOptions, 'dataset' | 'batchSize' | 'epochs' | 'iterations'>,
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

/** Each run's mean cross-entropy over the test set and share that is classified right; and all their seconds. A part a call. */
async function validation(runners: Runners, { dataset, signal }: SharedOptions) {
  const began = performance.now();
  const rows = Int32Array.from({ length: dataset.test.count }, (_, i) => i);
  const runs: { losses: Float32Array; correct: number }[] = [];
  let size = validationPart;
  for (let start = 0; start < rows.length;) {
    await turn(signal);
    const part = rows.subarray(start, start + size);
    const partBegan = performance.now();
    for (const [i, figures] of (await runners.evaluate('test', part)).entries()) {
      const run = (runs[i] ??= { losses: new Float32Array(rows.length), correct: 0 });
      run.losses.set(figures.loss, start);
      run.correct += sum(figures.correct);
    }
    const parts = (size / validationPart) * ((1000 * secondsACall) / (performance.now() - partBegan));
    size = validationPart * Math.max(1, Math.round(parts));
    start += part.length;
  }
  return {
    figures: runs.map(({ losses, correct }) => ({ validLoss: mean(losses), accuracy: correct / rows.length })),
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
