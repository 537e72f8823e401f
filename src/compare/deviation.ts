import { max } from 'd3-array';
import type { Row } from '../results/row.js';

/** What is compared: `loss` is Loss and LossEpoch, `alpha` is Alpha and AlphaEpoch. */
export const quantities = ['loss', 'validLoss', 'alpha'] as const;
export type Quantity = (typeof quantities)[number];

/** A deviation and the row that has it. */
export interface Deviation {
  /** |a − b| / scale; infinite where just one of the two is not a finite number. */
  readonly deviation: number;
  readonly epoch: number;
  readonly iteration: number;
}

export interface Comparison {
  /** Rows that both have, by Iteration; no other row is compared. */
  readonly rows: number;
  /** Rows that only one of the two has. */
  readonly only: { readonly a: Unpaired; readonly b: Unpaired };
  /** The largest deviation of each quantity; undefined if no row has it. */
  readonly largest: Readonly<Record<Quantity, Deviation | undefined>>;
  /** The first row past the tolerance. */
  readonly first: (Deviation & { readonly quantity: Quantity }) | undefined;
}

export interface Unpaired {
  readonly rows: number;
  /** Of the first of them; undefined where there is none. */
  readonly iteration: number | undefined;
}

/**
 * Compares two runs row by row. Losses deviate relative to b's. Learning rates deviate relative to the largest of b's
 * in these rows: under a hypergradient they cross zero, where a deviation relative to themselves says nothing.
 */
export function compareRows(a: readonly Row[], b: readonly Row[], tolerance: number): Comparison {
  const byIteration = new Map(a.map((row) => [row.iteration, row]));
  const pairs = b.flatMap((right) => {
    const left = byIteration.get(right.iteration);
    return left ? [[left, right] as const] : [];
  });
  const alphaScale = max(pairs, ([, { alpha }]) => (Number.isFinite(alpha) ? Math.abs(alpha) : undefined)) ?? 0;
  const largest: Record<Quantity, Deviation | undefined> = { loss: undefined, validLoss: undefined, alpha: undefined };
  let first: Comparison['first'];
  for (const [left, right] of pairs) {
    const found: Record<Quantity, number> = {
      loss: Math.max(deviation(left.loss, right.loss), deviation(left.lossEpoch, right.lossEpoch)),
      validLoss: deviation(left.validLossEpoch, right.validLossEpoch),
      alpha: Math.max(
        deviation(left.alpha, right.alpha, alphaScale),
        deviation(left.alphaEpoch, right.alphaEpoch, alphaScale),
      ),
    };
    for (const quantity of quantities) {
      if (quantity === 'validLoss' && Number.isNaN(left.validLossEpoch) && Number.isNaN(right.validLossEpoch)) continue;
      const here = { deviation: found[quantity], epoch: right.epoch, iteration: right.iteration };
      if (!(here.deviation <= (largest[quantity]?.deviation ?? -1))) largest[quantity] = here;
      if (here.deviation > tolerance) first ??= { ...here, quantity };
    }
  }
  return { rows: pairs.length, only: { a: unpaired(a, b), b: unpaired(b, a) }, largest, first };
}

function unpaired(rows: readonly Row[], others: readonly Row[]): Unpaired {
  const iterations = new Set(others.map(({ iteration }) => iteration));
  const alone = rows.filter(({ iteration }) => !iterations.has(iteration));
  return { rows: alone.length, iteration: alone[0]?.iteration };
}

/** 0 where both are the same, NaN and infinities included. */
function deviation(a: number, b: number, scale = Math.abs(b)): number {
  if (Object.is(a, b) || a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  return Math.abs(a - b) / scale;
}
