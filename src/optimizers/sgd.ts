import { scalar } from '@tensorflow/tfjs-core';
import { descent, type DescentOptions } from './descent.js';
import type { Direction } from './direction.js';
import type { UpdateRule } from './rule.js';

/** u = g. */
export const steepest: Direction = {
  init: () => ({}),
  next: (gradients) => ({ q: gradients, scale: scalar(1), state: {} }),
};

/** Stochastic gradient descent: θ ← θ − α·g. */
export function sgd(options: DescentOptions): UpdateRule {
  return descent(steepest, options);
}
