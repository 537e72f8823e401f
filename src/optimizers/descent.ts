import { mul, type Scalar } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf } from '../tensors.js';
import { decayed, descend, type Direction } from './direction.js';
import type { UpdateRule } from './rule.js';

export interface DescentOptions {
  /** The learning rate α₀. */
  readonly alpha0: number;
  /** λ, added to the gradient as λ·θ. */
  readonly weightDecay?: number;
}

/** The plain method: α stays α₀. */
export function descent(direction: Direction, { alpha0, weightDecay = 0 }: DescentOptions): UpdateRule {
  return {
    alpha0,
    init: (parameters) => direction.init(parameters),
    update(gradients, state, parameters) {
      const { q, scale, state: next } = direction.next(decayed(gradients, parameters, weightDecay), state, parameters);
      const rate = mul<Scalar>(scale, alpha0);
      return {
        parameters: mapTensors(parameters, (theta, name) => descend(theta, rate, tensorOf(q, name))),
        state: next,
      };
    },
  };
}
