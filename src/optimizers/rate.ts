import { abs, add, less, maximum, minimum, mul, scalar, where, type Scalar } from '@tensorflow/tfjs-core';
import { UsageError } from '../errors.js';
import { flatten, mapTensors, tensorOf, unflatten, type TensorTree } from '../tensors.js';
import { adamDirection } from './adam.js';
import { accumulate, atLeast, driftTo, zero } from './compensated.js';
import type { Direction } from './direction.js';
import type { Compensated } from './rule.js';
import { momentum } from './sgd.js';

/** How h moves α. All but `beta` are off by default. */
export interface RateOptions {
  /** β, the learning rate of the learning rate. */
  readonly beta: number;
  /**
   * The paper's multiplicative rule α ← α·(1 + β·h/(‖g‖·‖u‖)), whose β needs no scale: below 1 it keeps α's sign. A few
   * hundredths is a good start. α₀ must not be 0, which the rule cannot leave.
   */
  readonly multiplicative?: boolean;
  /** Clips h, or with the multiplicative rule the cosine h/(‖g‖·‖u‖), to ±clip. */
  readonly clip?: number;
  /** The least α; 0 forbids negative rates. */
  readonly lowerBound?: number;
  /** What moves α along h in place of h itself: any direction, handed one scalar named `h`. */
  readonly hypergradOptimizer?: Direction;
}

/** What α carries from step to step. */
export interface RateState extends TensorTree {
  /** α − α₀. */
  readonly drift: Compensated;
  /** The state of the hypergradient's optimizer. */
  readonly hypergradOptimizer: TensorTree;
}

/** α's own update rule. */
export interface Rate {
  init(): RateState;
  /** @param h the hypergradient, or with the multiplicative rule the cosine. */
  next(h: Scalar, state: RateState): RateState;
}

/**
 * The one update of α, in stages of which each may be off:
 *
 *     h → clip → the hypergradient's optimizer → ·β → ·α if multiplicative → α − α₀ += → lower bound
 *
 * Where any stage is on, an h that is not finite is skipped: it would make α NaN for ever.
 */
export function learnedRate(alpha0: number, options: RateOptions): Rate {
  const { beta, multiplicative = false, clip, lowerBound, hypergradOptimizer } = options;
  if (multiplicative && alpha0 === 0) {
    throw new UsageError('The multiplicative rule cannot leave a learning rate of 0; start from another one.');
  }
  const floor = lowerBound === undefined ? undefined : driftTo(lowerBound, alpha0);
  const guarded = multiplicative || clip !== undefined || floor !== undefined || hypergradOptimizer !== undefined;
  const rate: Rate = {
    init: () => ({ drift: zero(), hypergradOptimizer: hypergradOptimizer?.init({ h: scalar(0) }) ?? {} }),
    next(h, last) {
      const clipped = clip === undefined ? h : maximum<Scalar>(minimum(h, clip), -clip);
      const { ascent, state } = ascend(hypergradOptimizer, clipped, last.hypergradOptimizer);
      const increment = mul<Scalar>(ascent, beta);
      const moved = accumulate(
        last.drift,
        multiplicative ? mul<Scalar>(increment, add(last.drift.high, alpha0)) : increment,
      );
      return { drift: floor ? atLeast(moved, floor) : moved, hypergradOptimizer: state };
    },
  };
  return guarded ? skippingNonFinite(rate) : rate;
}

/** Leaves α, and the state of the hypergradient's optimizer, as they are where h is NaN or ±∞. */
function skippingNonFinite(rate: Rate): Rate {
  return {
    init: () => rate.init(),
    next(h, last) {
      const finite = less(abs(h), Infinity);
      const before = flatten(last);
      const after = rate.next(h, last);
      return unflatten(
        after,
        mapTensors(flatten(after), (value, path) => where(finite, value, tensorOf(before, path))),
      );
    },
  };
}

function ascend(optimizer: Direction | undefined, h: Scalar, last: TensorTree): { ascent: Scalar; state: TensorTree } {
  if (!optimizer) return { ascent: h, state: {} };
  const { q, scale, state } = optimizer.next({ h }, last, { h });
  return { ascent: mul<Scalar>(tensorOf(q, 'h'), scale), state };
}

/** The hypergradient's optimizers by name, with the usual settings; `plain` is h itself. */
export const hypergradOptimizers = {
  plain: undefined,
  momentum: momentum({ mu: 0.9 }),
  adam: adamDirection({}),
} as const satisfies Record<string, Direction | undefined>;

export type HypergradOptimizer = keyof typeof hypergradOptimizers;
