import { deviation, group, mean } from 'd3-array';
import { findRuns, noRunsIn, readRuns, type Run, type RunFile, type Warn } from '../results/find.js';
import { withoutSeed } from '../results/path.js';
import type { Method } from '../methods/table.js';
import { UsageError } from '../errors.js';
import { outcomeSoFar, type Outcome } from './outcome.js';

/** The finished runs of a results folder that differ in nothing but their seed. */
export interface SettingSummary {
  readonly model: string;
  readonly method: Method;
  /** The folders that tell the settings: `+1e-03_+1e-07`, or `+1e-03_+1e-07/reduction=10`. */
  readonly rates: string;
  /** α₀ and β. */
  readonly alpha_0: number;
  readonly beta: number;
  /** How many runs there are. */
  readonly runs: number;
  /** Seeds of those that have diverged, or their paths where no record tells a seed. No figure below is of them. */
  readonly diverged: readonly string[];
  /** Mean loss of the last epoch's mini-batches. */
  readonly loss: Statistic;
  /** Of all epochs, row 0 included. */
  readonly bestLoss: Statistic;
  readonly validLoss: Statistic;
  /** Of all epochs, row 0 included. */
  readonly bestValidLoss: Statistic;
  /** Share of the test images that are classified right at the end, 0 to 1; where no record tells, of no run. */
  readonly validAccuracy: Statistic;
  /** The learning rate after the last step. */
  readonly alpha: Statistic;
  /** The first iteration whose mini-batch has a loss as low as was asked for. */
  readonly reached: Statistic;
}

type StatisticName = {
  [Name in keyof SettingSummary]: SettingSummary[Name] extends Statistic ? Name : never;
}[keyof SettingSummary];

/** Of how many runs a figure is known, its mean, and its standard deviation (n − 1); NaN where they are too few. */
export interface Statistic {
  readonly count: number;
  readonly mean: number;
  readonly deviation: number;
}

export interface SummaryOptions {
  /** The results folder. */
  readonly dir: string;
  /** The loss for `reached`; undefined: none. */
  readonly reach: number | undefined;
  readonly warn: Warn;
}

/**
 * Mean and deviation over the seeds of each setting. Runs that have not finished are left out with a warning.
 *
 * @throws UsageError where there is no finished run.
 */
export function summarize({ dir, reach, warn }: SummaryOptions): SettingSummary[] {
  const files = findRuns(dir, warn);
  const finished = files.filter((file) => file.finished);
  const left = files.length - finished.length;
  if (left > 0) warn(`${left} of ${files.length} runs have not finished; left out`);
  const ends = finished.flatMap((file) => Array.from(readRuns([file], warn), (run) => endOf(run, reach)));
  if (ends.length === 0) throw new UsageError(noRunsIn(dir, files));
  return [...group(ends, ({ setting }) => setting).values()].map(summaryOf);
}

interface End
  extends
    Pick<RunFile, 'model' | 'method'>,
    Pick<Outcome, 'loss' | 'bestLoss' | 'validLoss' | 'bestValidLoss' | 'reached'> {
  readonly rates: string;
  readonly setting: string;
  readonly seed: string;
  readonly alpha_0: number;
  readonly beta: number;
  readonly diverged: boolean;
  readonly validAccuracy: number;
  readonly alpha: number;
}

function endOf({ model, method, path, rates: folders, rows, record }: Run, reach: number | undefined): End {
  const rates = withoutSeed(folders);
  const soFar = outcomeSoFar(reach);
  for (const row of rows) soFar.add(row);
  const { first, last, ...outcome } = soFar.outcome(record);
  return {
    ...outcome,
    ...{ model, method, rates, setting: [model, rates, method].join('/') },
    seed: String(record?.settings.seed ?? path),
    alpha_0: first?.alpha ?? NaN,
    beta: first?.beta ?? NaN,
    validAccuracy: record?.final.validAccuracy ?? NaN,
    alpha: last?.alpha ?? NaN,
  };
}

function summaryOf(ends: readonly End[]): SettingSummary {
  const { model, method, rates, alpha_0, beta } = ends[0]!;
  const converged = ends.filter(({ diverged }) => !diverged);
  const of = (name: StatisticName) => statistic(converged.map((end) => end[name]));
  return {
    ...{ model, method, rates, alpha_0, beta, runs: ends.length },
    diverged: ends.filter(({ diverged }) => diverged).map(({ seed }) => seed),
    ...{ loss: of('loss'), bestLoss: of('bestLoss'), validLoss: of('validLoss'), bestValidLoss: of('bestValidLoss') },
    ...{ validAccuracy: of('validAccuracy'), alpha: of('alpha'), reached: of('reached') },
  };
}

/** Of those values that are numbers. */
export function statistic(all: readonly number[]): Statistic {
  const values = all.filter((value) => !Number.isNaN(value));
  return { count: values.length, mean: mean(values) ?? NaN, deviation: deviation(values) ?? NaN };
}
