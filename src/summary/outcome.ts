import type { RunRecord } from '../results/record.js';
import type { Row } from '../results/row.js';
import { lastIteration } from '../run/settings.js';

/** What the rows of a run come to; NaN where they do not tell. */
export interface Outcome {
  /** How many there are. */
  readonly rows: number;
  readonly first: Row | undefined;
  readonly last: Row | undefined;
  /** Mean loss of the last complete epoch's mini-batches, and the lowest of any epoch's, row 0 included. */
  readonly loss: number;
  readonly bestLoss: number;
  readonly validLoss: number;
  /** Of all epochs, row 0 included. */
  readonly bestValidLoss: number;
  readonly iterationsAnEpoch: number;
  /** The first iteration whose mini-batch has a loss as low as was asked for. */
  readonly reached: number;
  /** Whether its last loss or α is no number, or its last epoch's loss and validation loss both lie above those of row 0. */
  readonly diverged: boolean;
}

/** Takes the rows of a run one by one, so that of one that goes on only the new ones need be read. */
export interface OutcomeSoFar {
  add(row: Row): void;
  outcome(record: RunRecord | undefined): Outcome;
}

/** @param reach the loss for `reached`; undefined: none. */
export function outcomeSoFar(reach: number | undefined): OutcomeSoFar {
  let rows = 0;
  let [first, last]: (Row | undefined)[] = [];
  let [loss, bestLoss, validLoss, bestValidLoss, iterationsAnEpoch, reached] = [NaN, NaN, NaN, NaN, NaN, NaN];
  return {
    add(row) {
      rows++;
      first ??= row;
      last = row;
      if (!Number.isNaN(row.lossEpoch)) {
        loss = row.lossEpoch;
        bestLoss = lower(bestLoss, loss);
        if (row.epoch === 1) iterationsAnEpoch = row.iteration - 1;
      }
      if (!Number.isNaN(row.validLossEpoch)) {
        validLoss = row.validLossEpoch;
        bestValidLoss = lower(bestValidLoss, validLoss);
      }
      if (Number.isNaN(reached) && reach !== undefined && row.iteration > 0 && row.loss <= reach) {
        reached = row.iteration;
      }
    },
    outcome: (record) => ({
      ...{ rows, first, last, loss, bestLoss, validLoss, bestValidLoss, iterationsAnEpoch },
      reached: Number.isNaN(reached) ? reachedAfter(last, record, reach) : reached,
      diverged:
        ![last?.loss, last?.alpha, loss].every(Number.isFinite) ||
        // Row 0's loss is a single mini-batch's, which the mean of a short run may lie above by chance.
        !(loss <= (first?.lossEpoch ?? NaN) || validLoss <= (first?.validLossEpoch ?? NaN)),
    }),
  };
}

function lower(a: number, b: number): number {
  return b < a || Number.isNaN(a) ? b : a;
}

/** A run that its `--lossThreshold` ended has no row of the loss that did. */
function reachedAfter(last: Row | undefined, record: RunRecord | undefined, reach: number | undefined): number {
  const threshold = Number(record?.settings.lossThreshold ?? 0);
  if (!last || reach === undefined || record?.state !== 'finished' || threshold <= 0 || threshold > reach) return NaN;
  return last.iteration < lastIteration(record) ? last.iteration + 1 : NaN;
}
