import { add, scalar, sub, type Scalar } from '@tensorflow/tfjs-core';
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
