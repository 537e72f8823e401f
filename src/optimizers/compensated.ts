import { add, cast, equal, less, maximum, mul, sub, where, zeros, type Tensor } from '@tensorflow/tfjs-core';
import type { Compensated } from './rule.js';

export function zero<T extends Tensor>(shape: number[]): Compensated<T> {
  return { high: zeros(shape) as unknown as T, low: zeros(shape) as unknown as T };
}

/**
 * Adds an increment to a compensated sum by Knuth's TwoSum (TAOCP 2, 4.2.2, theorem B).
 *
 * The reference keeps α in float64. A float32 α = 1e-3 would lose a thousand increments of 1e-11 altogether; the pair
 * keeps them.
 */
export function accumulate<T extends Tensor>({ high, low }: Compensated<T>, increment: T): Compensated<T> {
  const addend = add<T>(increment, low);
  const sum = add<T>(high, addend);
  const added = sub<T>(sum, high);
  const lost = add<T>(sub(high, sub(sum, added)), sub(addend, added));
  return { high: sum, low: lost };
}

/** The greater of a sum and a floor; −∞, whose low part is NaN, becomes the floor, too. */
export function atLeast<T extends Tensor>(
  { high, low }: Compensated<T>,
  floor: { readonly high: number; readonly low: number },
): Compensated<T> {
  const lowInTie = where<T>(equal(high, floor.high), maximum<T>(low, floor.low), low);
  const below = less(high, floor.high);
  return {
    high: maximum<T>(high, floor.high),
    // The product has the shape of the sum, which a scalar has not: not every engine's `where` would stretch it.
    low: where<T>(below, mul<T>(cast(below, 'float32'), floor.low), lowInTie),
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
