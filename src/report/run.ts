import { growingCurve, type GrowingCurve } from '../plot/growing.js';
import type { RunRecord } from '../results/record.js';
import type { Row } from '../results/row.js';
import { outcomeSoFar, type Outcome } from '../summary/outcome.js';

export const quantities = ['alpha', 'loss', 'validLoss'] as const;
export type Quantity = (typeof quantities)[number];
/** What lies along a chart's x axis. */
export type By = 'epoch' | 'iteration';
export type GrowingCurves = Readonly<Record<By, Readonly<Record<Quantity, GrowingCurve>>>>;

/** What a page needs of a run, from its rows one by one: of a run that goes on, only the new ones are read. */
export interface RunSoFar {
  add(row: Row): void;
  outcome(record: RunRecord | undefined): Outcome;
  readonly curves: GrowingCurves;
}

/**
 * @param reach the loss whose iteration `outcome` tells.
 * @param intervals the most that a curve is cut into.
 */
export function runSoFar({ reach, intervals }: { reach: number | undefined; intervals: number }): RunSoFar {
  const curve = () => growingCurve(intervals);
  const curves: GrowingCurves = {
    epoch: { alpha: curve(), loss: curve(), validLoss: curve() },
    iteration: { alpha: curve(), loss: curve(), validLoss: curve() },
  };
  const soFar = outcomeSoFar(reach);
  return {
    curves,
    outcome: (record) => soFar.outcome(record),
    add(row) {
      soFar.add(row);
      curves.iteration.alpha.add(row.iteration, row.alpha);
      curves.iteration.loss.add(row.iteration, row.loss);
      if (Number.isNaN(row.lossEpoch) && Number.isNaN(row.validLossEpoch)) return;
      curves.epoch.alpha.add(row.epoch, row.alphaEpoch);
      curves.epoch.loss.add(row.epoch, row.lossEpoch);
      curves.epoch.validLoss.add(row.epoch, row.validLossEpoch);
      curves.iteration.validLoss.add(row.iteration, row.validLossEpoch);
    },
  };
}

/** The most intervals of the curves of a page of so many settings: as many as a wide chart has pixels, or as a page can hold. */
export function intervalsOf(settings: number): number {
  return Math.round(Math.max(20, Math.min(600, 60_000 / Math.max(1, settings))));
}
