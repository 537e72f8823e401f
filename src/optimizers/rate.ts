import { abs, add, less, maximum, minimum, mul, where, zeros, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
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
export interface RateState<T extends Tensor = Scalar> extends TensorTree {
  /** α − α₀. */
  readonly drift: Compensated<T>;
  /** The state of the hypergradient's optimizer. */
  readonly hypergradOptimizer: TensorTree;
}

/** α's own update rule, for one α, or for many in a tensor. */
export interface Rate {
  /** @param shape of α: by default one number. */
  init<T extends Tensor = Scalar>(shape?: number[]): RateState<T>;
  /** @param h the hypergradient, or with the multiplicative rule the cosine; of α's shape. */
  next<T extends Tensor>(h: T, state: RateState<T>): RateState<T>;
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
    init: (shape = []) => ({
      drift: zero(shape),
      hypergradOptimizer: hypergradOptimizer?.init({ h: zeros(shape) }) ?? {},
    }),
    next<T extends Tensor>(h: T, last: RateState<T>) {
      const clipped = clip === undefined ? h : maximum<T>(minimum(h, clip), -clip);
      const { ascent, state } = ascend(hypergradOptimizer, clipped, last.hypergradOptimizer);
      const increment = mul<T>(ascent, beta);
      const moved = accumulate(
        last.drift,
        multiplicative ? mul<T>(increment, add(last.drift.high, alpha0)) : increment,
      );
      return { drift: floor ? atLeast(moved, floor) : moved, hypergradOptimizer: state };
    },
  };
  return guarded ? skippingNonFinite(rate) : rate;
}

/**
 * Leaves α, and the state of the hypergradient's optimizer, as they are where h is NaN or ±∞. What a tensor of α's shares in
 * that state, such as a step count, goes on.
 */
function skippingNonFinite(rate: Rate): Rate {
  return {
    init: (shape) => rate.init(shape),
    next(h, last) {
      const finite = less(abs(h), Infinity);
      const before = flatten(last);
      const after = rate.next(h, last);
      return unflatten(
        after,
        mapTensors(flatten(after), (value, path) =>
          value.rank === h.rank ? where(finite, value, tensorOf(before, path)) : value,
        ),
      );
    },
  };
}

function ascend<T extends Tensor>(
  optimizer: Direction | undefined,
  h: T,
  last: TensorTree,
): { ascent: T; state: TensorTree } {
  if (!optimizer) return { ascent: h, state: {} };
  const { q, scale, state } = optimizer.next({ h }, last, { h });
  return { ascent: mul<T>(tensorOf(q, 'h'), scale), state };
}

/** The hypergradient's optimizers by name, with the usual settings; `plain` is h itself. */
export const hypergradOptimizers = {
  plain: undefined,
  momentum: momentum({ mu: 0.9 }),
  adam: adamDirection({}),
} as const satisfies Record<string, Direction | undefined>;

export type HypergradOptimizer = keyof typeof hypergradOptimizers;
