import { growingCurve, type GrowingCurve } from '../plot/growing.js';
import type { RunRecord } from '../results/record.js';
import type { Row } from '../results/row.js';
import type { LearnedRow } from '../results/writer.js';
import { outcomeSoFar, type Outcome } from '../summary/outcome.js';

export const quantities = ['alpha', 'loss', 'validLoss'] as const;
export type Quantity = (typeof quantities)[number];
/** What lies along a chart's x axis. */
export type By = 'epoch' | 'iteration';
export type GrowingCurves = Readonly<
  Record<
    By,
    Readonly<Record<Quantity, GrowingCurve>> & {
      /** What is learned besides α, by symbol. */
      readonly learned: ReadonlyMap<string, GrowingCurve>;
    }
  >
>;

/** What a page needs of a run, from its rows one by one: of a run that goes on, only the new ones are read. */
export interface RunSoFar {
  readonly add: (row: Row) => void;
  /** Takes what was learned besides α; of a run that goes on, it may come before the row of its step. */
  readonly learn: (row: LearnedRow) => void;
  outcome(record: RunRecord | undefined): Outcome;
  readonly curves: GrowingCurves;
}

/**
 * @param reach the loss whose iteration `outcome` tells.
 * @param intervals the most that a curve is cut into.
 */
export function runSoFar({ reach, intervals }: { reach: number | undefined; intervals: number }): RunSoFar {
  const curve = () => growingCurve(intervals);
  const learned: Record<By, Map<string, GrowingCurve>> = { epoch: new Map(), iteration: new Map() };
  const curves: GrowingCurves = {
    epoch: { alpha: curve(), loss: curve(), validLoss: curve(), learned: learned.epoch },
    iteration: { alpha: curve(), loss: curve(), validLoss: curve(), learned: learned.iteration },
  };
  const soFar = outcomeSoFar(reach);
  /** The epochs that end with an iteration, and what was learned in steps that have no row yet. */
  const ends = new Map<number, number>();
  const waiting: LearnedRow[] = [];
  let taken = 0;
  let last = -1;

  function take({ iteration, values }: LearnedRow): void {
    const most = learnedIntervals(intervals, Object.keys(values).length);
    const epoch = ends.get(iteration);
    const curve = (by: By, symbol: string) => {
      const there = learned[by].get(symbol) ?? growingCurve(most);
      learned[by].set(symbol, there);
      return there;
    };
    for (const [symbol, value] of Object.entries(values)) {
      curve('iteration', symbol).add(iteration, value);
      if (epoch !== undefined) curve('epoch', symbol).add(epoch, value);
    }
  }

  function catchUp(): void {
    for (let next = waiting[taken]; next && next.iteration <= last; next = waiting[++taken]) take(next);
    if (taken === waiting.length) [waiting.length, taken] = [0, 0];
  }

  return {
    curves,
    outcome: (record) => soFar.outcome(record),
    add(row) {
      soFar.add(row);
      last = row.iteration;
      curves.iteration.alpha.add(row.iteration, row.alpha);
      curves.iteration.loss.add(row.iteration, row.loss);
      if (!Number.isNaN(row.lossEpoch) || !Number.isNaN(row.validLossEpoch)) {
        ends.set(row.iteration, row.epoch);
        curves.epoch.alpha.add(row.epoch, row.alphaEpoch);
        curves.epoch.loss.add(row.epoch, row.lossEpoch);
        curves.epoch.validLoss.add(row.epoch, row.validLossEpoch);
        curves.iteration.validLoss.add(row.iteration, row.validLossEpoch);
      }
      catchUp();
    },
    learn(row) {
      waiting.push(row);
      catchUp();
    },
  };
}

/** The most intervals of the curves of a page of so many settings: as many as a wide chart has pixels, or as a page can hold. */
export function intervalsOf(settings: number): number {
  return Math.round(Math.max(20, Math.min(600, 60_000 / Math.max(1, settings))));
}

/** Those of each of the curves of what a run learns besides: where there are many, one for each layer, they are coarser. */
export function learnedIntervals(intervals: number, symbols: number): number {
  return Math.max(20, Math.round(Math.min(intervals, (4 * intervals) / symbols)));
}
