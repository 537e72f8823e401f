import { add, div, scalar, sqrt, square } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import type { Direction } from './direction.js';

interface AdagradState extends TensorTree {
  /** Σ g², element by element. */
  readonly sum: NamedTensors;
}

/** u = g/(√Σg² + ε), the sum over all steps (Duchi, Hazan and Singer, JMLR 2011). */
export function adagradDirection({ eps = 1e-12 }: { readonly eps?: number } = {}): Direction {
  return {
    init: (parameters): AdagradState => ({ sum: zerosFor(parameters) }),
    next(gradients, state) {
      const last = state as AdagradState;
      const sum = mapTensors(gradients, (g, name) => add(tensorOf(last.sum, name), square(g)));
      const q = mapTensors(gradients, (g, name) => div(g, add(sqrt(tensorOf(sum, name)), eps)));
      return { q, scale: scalar(1), state: { sum } satisfies AdagradState };
    },
  };
}
