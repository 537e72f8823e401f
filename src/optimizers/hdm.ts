import { add, div, maximum, minimum, mul, scalar, sqrt, square, sub, type Scalar } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import { adagradDirection } from './adagrad.js';
import { decayed } from './direction.js';
import { dot } from './dot.js';
import { learnedRate, type RateState } from './rate.js';
import type { UpdateRule } from './rule.js';

export interface HDMOptions {
  /** α₀ ≥ 0. Default 0. */
  readonly alpha0?: number;
  /** The learning rate of α, about its change in the first step: 1/L for a gradient of Lipschitz constant L. */
  readonly beta: number;
  /** The momentum μ₀ to start from. Default 0.95. */
  readonly mu0?: number;
  /** The learning rate of μ; 0: it stays. Default 1. */
  readonly muLr?: number;
  /** The least α. Default 0. */
  readonly lowerBound?: number;
  /** λ, added to the gradient as λ·θ. Default 0. */
  readonly weightDecay?: number;
}

interface HDMState extends TensorTree {
  /** g_{t-1}. */
  readonly gradient: NamedTensors;
  /** θ_{t-1} − θ_{t-2}, the step that the momentum goes on with. */
  readonly step: NamedTensors;
  /** θ_{t-2} − θ_{t-3}, which the last step went on with. */
  readonly before: NamedTensors;
  readonly rate: RateState;
  readonly mu: Scalar;
  /** AdaGrad's sum for μ. */
  readonly muSum: Scalar;
}

/** Of the authors' program, as are the bounds of μ. */
const eps = 1e-12;
const largestMu = 0.9995;

/**
 * The hypergradient descent method with heavy-ball momentum, HDM: α and the momentum μ both follow their hypergradients,
 * which are divided by ‖g‖² and scaled by AdaGrad, and α stays ≥ 0.
 *
 *     n = ‖g_{t-1}‖² + ε       h = ⟨g_t, g_{t-1}⟩/n       m = ⟨g_t, θ_{t-2} − θ_{t-3}⟩/n
 *     α_t = max(0, α_{t-1} + β·h/√Σh²)       μ_t = clip(μ_{t-1} − β_μ·m/√Σm², 0, 0.9995)
 *     θ_t = θ_{t-1} − α_t·g_t + μ_t·(θ_{t-1} − θ_{t-2})
 *
 * Chu, Gao, Ye and Udell, "Provable and Practical Online Learning Rate Adaptation with Hypergradient Descent", ICML 2025.
 * Theirs is a method for whole objectives, see {@link hdmIterates}; this is its form for mini-batches, where the loss
 * before and after a step cannot be compared: each gradient is taken once, and no step is refused.
 */
export function hdm(options: HDMOptions): UpdateRule {
  const { alpha0 = 0, beta, mu0 = 0.95, muLr = 1, lowerBound = 0, weightDecay = 0 } = options;
  const learned = learnedRate(alpha0, { beta, lowerBound, hypergradOptimizer: adagradDirection({ eps }) });
  return {
    alpha0,
    init(parameters): HDMState {
      return {
        gradient: zerosFor(parameters),
        step: zerosFor(parameters),
        before: zerosFor(parameters),
        rate: learned.init(),
        mu: scalar(mu0),
        muSum: scalar(0),
      };
    },
    update(rawGradients, state, parameters) {
      const last = state as HDMState;
      const gradient = decayed(rawGradients, parameters, weightDecay);
      const norm = add<Scalar>(dot(last.gradient, last.gradient), eps);

      const rate = learned.next(div<Scalar>(dot(gradient, last.gradient), norm), last.rate);
      const alpha = add<Scalar>(rate.drift.high, alpha0);
      const m = div<Scalar>(dot(gradient, last.before), norm);
      const muSum = add<Scalar>(last.muSum, square(m));
      const descent = div(mul(m, muLr), add(sqrt(muSum), eps));
      const mu = maximum<Scalar>(minimum(sub(last.mu, descent), largestMu), 0);

      const step = mapTensors(gradient, (g, name) => sub(mul(tensorOf(last.step, name), mu), mul(g, alpha)));
      return {
        parameters: mapTensors(parameters, (theta, name) => add(theta, tensorOf(step, name))),
        // A copy, so that the last state can be disposed.
        state: {
          gradient,
          step,
          before: mapTensors(last.step, (part) => part.clone()),
          rate,
          mu,
          muSum,
        } satisfies HDMState,
      };
    },
    drift: (state) => (state as HDMState).rate.drift,
    learned: (state) => ({ mu: (state as HDMState).mu }),
  };
}
