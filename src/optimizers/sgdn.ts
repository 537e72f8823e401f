import { add, mul, scalar } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, zerosFor, type NamedTensors } from '../tensors.js';
import { descent, type DescentOptions } from './descent.js';
import type { Direction } from './direction.js';
import type { UpdateRule } from './rule.js';

export interface NesterovOptions {
  /** Momentum μ. */
  readonly mu: number;
}

/** buf ← μ·buf + g, u = g + μ·buf, as PyTorch's SGD(nesterov=True); buf starts at zero, so that it is g at first. */
export function nesterov({ mu }: NesterovOptions): Direction {
  return {
    init: (parameters) => ({ momentum: zerosFor(parameters) }),
    next(gradients, state) {
      const last = state['momentum'] as NamedTensors;
      const momentum = mapTensors(gradients, (g, name) => add(mul(tensorOf(last, name), mu), g));
      const q = mapTensors(gradients, (g, name) => add(g, mul(tensorOf(momentum, name), mu)));
      return { q, scale: scalar(1), state: { momentum } };
    },
  };
}

/** SGD with Nesterov momentum. */
export function sgdn(options: DescentOptions & NesterovOptions): UpdateRule {
  return descent(nesterov(options), options);
}
