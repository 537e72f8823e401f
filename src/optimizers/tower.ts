import { add, mul, scalar, type Scalar } from '@tensorflow/tfjs-core';
import { zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import type { Direction } from './direction.js';
import { steepest } from './sgd.js';
import { sgdHD } from './sgd_hd.js';
import type { UpdateRule } from './rule.js';
import type { DescentOptions } from './descent.js';
import type { HypergradientOptions } from './hypergradient.js';
import { dot } from './dot.js';
import { learnedRate, type RateOptions, type RateState } from './rate.js';

interface RatedState extends RateState {
  readonly inner: TensorTree;
  readonly q: NamedTensors;
  readonly scale: Scalar;
}

/**
 * A direction times a rate of its own, which hypergradient descent learns: u = κ·v, with κ ← κ + β·⟨g, v_{t-1}⟩.
 *
 * It makes towers. As the `hypergradOptimizer` of a rate it learns that rate's learning rate, and a tower may go on: its own
 * `hypergradOptimizer` may be rated again.
 *
 * Chandra, Xie, Ragan-Kelley and Meijer, "Gradient Descent: The Ultimate Optimizer", NeurIPS 2022.
 *
 * @example
 * ```ts
 * // α learns at the rate κ, κ at the rate 1e-7: the authors' SGD(0.01, SGD(1e-3, SGD(1e-7))).
 * const kappa = rated(steepest, { alpha0: 1e-3, beta: 1e-7 });
 * const rule = sgdHD({ alpha0: 0.01, beta: 1, hypergradOptimizer: kappa });
 * ```
 */
export function rated(direction: Direction, options: RateOptions & { readonly alpha0: number }): Direction {
  const { alpha0 } = options;
  const learned = learnedRate(alpha0, options);
  return {
    init: (parameters): RatedState => ({
      inner: direction.init(parameters),
      q: zerosFor(parameters),
      scale: scalar(0),
      ...learned.init(),
    }),
    next(gradients, state, parameters) {
      const last = state as RatedState;
      const { q, scale, state: inner } = direction.next(gradients, last.inner, parameters);
      const { drift, hypergradOptimizer } = learned.next(mul<Scalar>(dot(gradients, last.q), last.scale), last);
      return {
        q,
        scale: mul<Scalar>(add(drift.high, alpha0), scale),
        state: { inner, q, scale, drift, hypergradOptimizer } satisfies RatedState,
      };
    },
  };
}

/** SGD whose α is learned at the rate β, which is learned at the rate `betaLr`. `learned` has β. */
export function sgdTower(
  options: DescentOptions &
    Pick<HypergradientOptions, 'beta' | 'clip' | 'lowerBound' | 'separate'> & { readonly betaLr: number },
): UpdateRule {
  const { beta, betaLr, ...others } = options;
  const hypergradOptimizer = rated(steepest, { alpha0: beta, beta: betaLr });
  return {
    ...sgdHD({ ...others, beta: 1, mu: 0, hypergradOptimizer }),
    learned: (state) => ({
      beta: add<Scalar>(((state as unknown as RateState).hypergradOptimizer as RatedState).drift.high, beta),
    }),
  };
}
