import { UsageError } from '../errors.js';
import { hypergradOptimizers, type HypergradOptimizer, type RateOptions } from '../optimizers/rate.js';
import { anyNumber, oneOf, positive, shown, yesOrNo, type Allowed } from './options.js';

/**
 * How h moves α: safeguards and variants that every optimizer here has, all off by default. Where any is on, an h that is
 * not finite is skipped.
 */
export interface SafeguardOptions {
  /**
   * The paper's multiplicative rule α ← α·(1 + β·h/(‖g‖·‖u‖)), with which β needs no scale: a few hundredths is a good
   * start. It keeps α's sign while β < 1, and needs `lr` > 0. Default false.
   */
  readonly multiplicative?: boolean;
  /** Clips the hypergradient (with `multiplicative` its cosine) to ± this number > 0. Default: no clipping. */
  readonly hypergradClip?: number;
  /** The least α, not above `lr`; 0 forbids negative rates. Default: none. */
  readonly lowerBound?: number;
  /**
   * What moves α along h: h itself (`plain`), momentum (0.9) or Adam (0.9, 0.999, 1e-8), whose `hypergradLr` is about
   * the change of α in one step. Default `plain`.
   */
  readonly hypergradOptimizer?: HypergradOptimizer;
}

export const safeguardDefaults = { multiplicative: false, hypergradOptimizer: 'plain' } as const;

export const allowedSafeguards: Readonly<Record<keyof SafeguardOptions, Allowed>> = {
  multiplicative: yesOrNo,
  hypergradClip: positive,
  lowerBound: anyNumber,
  hypergradOptimizer: oneOf(...Object.keys(hypergradOptimizers)),
};

/** @throws UsageError where α, as a user sets it, is not one that the optimizer could have come to. */
export function checkRate(
  owner: string,
  alpha: unknown,
  { lowerBound = -Infinity, multiplicative = false }: SafeguardOptions,
): asserts alpha is number {
  const { words, test } = anyNumber;
  const complaint = !test(alpha)
    ? `must be ${words}`
    : (alpha as number) < lowerBound
      ? `must not be below lowerBound, ${lowerBound}`
      : multiplicative && alpha === 0
        ? 'must not be 0, which the multiplicative rule cannot leave'
        : undefined;
  if (complaint) throw new UsageError(`${owner}: learningRate ${complaint}; got ${shown(alpha)}.`);
}

/** The options in the update rules' terms. */
export function rateOptions(
  owner: string,
  options: SafeguardOptions & { readonly lr: number; readonly hypergradLr: number },
): RateOptions & { readonly alpha0: number } {
  const { lr, hypergradLr, multiplicative, hypergradClip, lowerBound, hypergradOptimizer = 'plain' } = options;
  if (lowerBound !== undefined && lowerBound > lr) {
    throw new UsageError(`${owner}: lowerBound must not be above lr, ${lr}; got ${lowerBound}.`);
  }
  return {
    alpha0: lr,
    beta: hypergradLr,
    multiplicative,
    clip: hypergradClip,
    lowerBound,
    hypergradOptimizer: hypergradOptimizers[hypergradOptimizer],
  };
}
