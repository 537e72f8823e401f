import { add, div, maximum, mul, neg, scalar, sqrt, sub, type Scalar } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import { decayed } from './direction.js';
import { dot } from './dot.js';
import type { UpdateRule } from './rule.js';

export interface DoGOptions {
  /** The first step's length, relative to 1 + ‖θ₀‖: 1e-6, or 1e-4 for a model with batch normalisation. Default 1e-6. */
  readonly repsRel?: number;
  /** c, a factor of the rate; leave it at 1. */
  readonly lr?: number;
  /** λ, added to the gradient as λ·θ. Default 0. */
  readonly weightDecay?: number;
  /** ε, added to Σ‖g‖². Default 1e-8. */
  readonly eps?: number;
  /** γ of the average. Default 8. */
  readonly gamma?: number;
}

interface DoGState extends TensorTree {
  /** Steps taken. */
  readonly t: Scalar;
  /** The largest distance from θ₀ so far. */
  readonly distance: Scalar;
  /** Σ‖g‖² + ε. */
  readonly sum: Scalar;
  /** The last step's rate. */
  readonly rate: Scalar;
  /** θ − θ₀, added up by itself: as a difference it would lose most digits in float32 at first. */
  readonly moved: NamedTensors;
  readonly average: NamedTensors;
}

/**
 * Distance over gradients, SGD without a learning rate, with the average of the iterates that its authors call crucial:
 *
 *     η_t = c·max_{i≤t} ‖θ_i − θ₀‖/√(Σ_{i≤t} ‖g_i‖² + ε)      θ ← θ − η_t·g_t
 *     w_t = (1 − (γ + 1)/(γ + t))·w_{t-1} + (γ + 1)/(γ + t)·θ_t
 *
 * `evaluated` is w; α is η. L-DoG, the same for each layer, is `grouped(dog())`.
 *
 * Ivgi, Hinder and Carmon, "DoG is SGD's Best Friend", ICML 2023; as in the authors' package dog-optimizer 1.0.3.
 *
 * @example
 * ```ts
 * const rule = dog();
 * let state = rule.init(parameters);
 * // ({ parameters, state } = rule.update(gradients, state, parameters));  then  rule.evaluated!(state, parameters)
 * ```
 */
export function dog(options: DoGOptions = {}): UpdateRule {
  const { repsRel = 1e-6, lr = 1, weightDecay = 0, eps = 1e-8, gamma = 8 } = options;
  return {
    alpha0: 0,
    init(parameters): DoGState {
      return {
        t: scalar(0),
        distance: mul<Scalar>(add(norm(parameters), 1), repsRel),
        sum: scalar(eps),
        rate: scalar(0),
        moved: zerosFor(parameters),
        average: mapTensors(parameters, (theta) => theta.clone()),
      };
    },
    update(rawGradients, state, parameters) {
      const last = state as DoGState;
      const gradients = decayed(rawGradients, parameters, weightDecay);
      const distance = maximum<Scalar>(last.distance, norm(last.moved));
      const sum = add<Scalar>(last.sum, dot(gradients, gradients));
      const rate = mul<Scalar>(div(distance, sqrt(sum)), lr);

      const steps = mapTensors(gradients, (g) => neg(mul(g, rate)));
      const moved = mapTensors(parameters, (theta, name) => add(theta, tensorOf(steps, name)));
      const t = add<Scalar>(last.t, 1);
      const share = div<Scalar>(gamma + 1, add(t, gamma));
      return {
        parameters: moved,
        state: {
          t,
          distance,
          sum,
          rate,
          moved: mapTensors(steps, (step, name) => add(tensorOf(last.moved, name), step)),
          average: mapTensors(moved, (theta, name) => {
            const before = tensorOf(last.average, name);
            return add(before, mul(sub(theta, before), share));
          }),
        } satisfies DoGState,
      };
    },
    drift: (state) => ({ high: (state as DoGState).rate, low: scalar(0) }),
    evaluated: (state) => (state as DoGState).average,
  };
}

function norm(tensors: NamedTensors): Scalar {
  return Object.keys(tensors).length === 0 ? scalar(0) : sqrt(dot(tensors, tensors));
}
