import { add, equal, less, maximum, scalar, sub, where, type Scalar } from '@tensorflow/tfjs-core';
import type { Compensated } from './rule.js';

export function zero(): Compensated {
  return { high: scalar(0), low: scalar(0) };
}

/**
 * Adds an increment to a compensated sum by Knuth's TwoSum (TAOCP 2, 4.2.2, theorem B).
 *
 * The reference keeps α in float64. A float32 α = 1e-3 would lose a thousand increments of 1e-11 altogether; the pair
 * keeps them.
 */
export function accumulate({ high, low }: Compensated, increment: Scalar): Compensated {
  const addend = add<Scalar>(increment, low);
  const sum = add<Scalar>(high, addend);
  const added = sub<Scalar>(sum, high);
  const lost = add<Scalar>(sub(high, sub(sum, added)), sub(addend, added));
  return { high: sum, low: lost };
}

/** The greater of a sum and a floor; −∞, whose low part is NaN, becomes the floor, too. */
export function atLeast(
  { high, low }: Compensated,
  floor: { readonly high: number; readonly low: number },
): Compensated {
  const lowInTie = where(equal(high, floor.high), maximum(low, floor.low), low);
  return {
    high: maximum<Scalar>(high, floor.high),
    low: where(less(high, floor.high), scalar(floor.low), lowInTie) as Scalar,
  };
}

/** α = α₀ + drift in float64. Where the drift has overflown, its low part is NaN and says nothing. */
export function learningRate(alpha0: number, high: number, low: number): number {
  return Number.isFinite(high) ? alpha0 + (high + low) : alpha0 + high;
}

/** The least drift, to 48 bits, with which α₀ + drift ≥ α holds in float64. */
export function driftTo(alpha: number, alpha0: number): { readonly high: number; readonly low: number } {
  const high = Math.fround(alpha - alpha0);
  let low = Math.fround(alpha - alpha0 - high);
  const ulp = 2 ** -48 * Math.max(Math.abs(high), 2 ** -100);
  for (let step = ulp; alpha0 + (high + low) < alpha; step *= 2) low = Math.fround(low + step);
  return { high, low };
}
