import {
  abs,
  add,
  addN,
  cast,
  div,
  divNoNan,
  equal,
  greater,
  maximum,
  minimum,
  mul,
  neg,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  where,
  type Scalar,
} from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import { oneMinusPower } from './adam.js';
import { decayed } from './direction.js';
import { dot } from './dot.js';
import type { UpdateRule } from './rule.js';

export interface ProdigyOptions {
  /** A factor of the rate that is found; leave it at 1. */
  readonly lr?: number;
  /** β₁ and β₂, the decay of the averages of d·g and d²·g². Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** β₃, the decay of the sums that estimate d. Default √β₂. */
  readonly beta3?: number;
  /** ε. Default 1e-8. */
  readonly eps?: number;
  /** λ. Default 0. */
  readonly weightDecay?: number;
  /** Whether the weight decay is kept out of the gradient, as AdamW has it. Default true. */
  readonly decouple?: boolean;
  /** Adam's bias correction. Default false. */
  readonly biasCorrection?: boolean;
  /** Keeps the warm-up of a schedule out of the estimate. Default false. */
  readonly safeguardWarmup?: boolean;
  /** d₀ > 0, the estimate to start from: too small does no harm. Default 1e-6. */
  readonly d0?: number;
  /** A factor of the estimate: ½ to 2 for a smaller or larger rate. Default 1. */
  readonly dCoef?: number;
  /** The most by which d grows in one step, as a factor > 1. Default: no limit. */
  readonly growthRate?: number;
}

interface ProdigyState extends TensorTree {
  /** Steps taken. */
  readonly k: Scalar;
  /** d, its largest estimate, and the numerator of that. */
  readonly d: Scalar;
  readonly dMax: Scalar;
  readonly numerator: Scalar;
  readonly m: NamedTensors;
  readonly v: NamedTensors;
  readonly s: NamedTensors;
  /** θ − θ₀, added up by itself: as a difference it would lose most digits in float32 while d is small. */
  readonly moved: NamedTensors;
}

/**
 * Prodigy, an Adam that finds its learning rate: d is an estimate from below of the distance from θ₀ to the minimum.
 *
 *     γ = d·lr
 *     r ← β₃·r + d/d₀·γ·⟨g, θ₀ − θ⟩      s ← β₃·s + d/d₀·γ·g      d̂ = r/‖s‖₁
 *     m ← β₁·m + (1 − β₁)·d·g            v ← β₂·v + (1 − β₂)·d²·g²
 *     d ← max(d, d̂)                      θ ← θ − γ·m/(√v + d·ε)
 *
 * Mishchenko and Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", ICML 2024; as in the authors'
 * package prodigyopt 1.1.2. `learned` has d; α is d·lr.
 *
 * @example
 * ```ts
 * const rule = prodigy();
 * let state = rule.init(parameters);
 * // ({ parameters, state } = rule.update(gradients, state, parameters));
 * ```
 */
export function prodigy(options: ProdigyOptions = {}): UpdateRule {
  const { lr = 1, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, decouple = true, d0 = 1e-6, dCoef = 1 } = options;
  const { biasCorrection = false, safeguardWarmup = false, growthRate = Infinity } = options;
  const [beta1, beta2] = betas;
  const beta3 = options.beta3 ?? Math.sqrt(beta2);
  return {
    alpha0: d0 * lr,
    init(parameters): ProdigyState {
      return {
        k: scalar(0),
        d: scalar(d0),
        dMax: scalar(d0),
        numerator: scalar(0),
        m: zerosFor(parameters),
        v: zerosFor(parameters),
        s: zerosFor(parameters),
        moved: zerosFor(parameters),
      };
    },
    update(rawGradients, state, parameters) {
      const last = state as ProdigyState;
      const gradients = decouple ? rawGradients : decayed(rawGradients, parameters, weightDecay);
      const { d } = last;
      const t = add<Scalar>(last.k, 1);
      const correction = biasCorrection
        ? div<Scalar>(sqrt(oneMinusPower(beta2, t)), oneMinusPower(beta1, t))
        : scalar(1);
      const gamma = mul<Scalar>(mul(d, lr), correction);
      const weight = mul<Scalar>(div(d, d0), gamma);

      const numerator = sub<Scalar>(mul(last.numerator, beta3), mul(weight, dot(gradients, last.moved)));
      const sWeight = safeguardWarmup ? mul<Scalar>(div(d, d0), d) : weight;
      const s = mapTensors(gradients, (g, name) => add(mul(tensorOf(last.s, name), beta3), mul(g, sWeight)));
      const m = mapTensors(gradients, (g, name) => {
        return add(mul(tensorOf(last.m, name), beta1), mul(g, mul(d, 1 - beta1)));
      });
      const v = mapTensors(gradients, (g, name) => {
        return add(mul(tensorOf(last.v, name), beta2), mul(square(mul(g, d)), 1 - beta2));
      });

      const length = addN<Scalar>(Object.values(s).map((part) => sum<Scalar>(abs(part))));
      // Before the first gradient that is not 0 nothing happens.
      const begun = cast<Scalar>(greater(length, 0), 'float32');
      const estimate = divNoNan<Scalar>(mul(numerator, dCoef), length);
      const dMax = maximum<Scalar>(last.dMax, estimate);
      const first = where(equal(d, d0), maximum<Scalar>(d, estimate), d);
      const grown = growthRate === Infinity ? dMax : minimum<Scalar>(dMax, mul(first, growthRate));

      const denominator = mul<Scalar>(grown, eps);
      const decay = decouple && weightDecay !== 0 ? mul<Scalar>(gamma, mul(begun, weightDecay)) : undefined;
      const steps = mapTensors(m, (average, name) => {
        const step = neg(mul(div(average, add(sqrt(tensorOf(v, name)), denominator)), gamma));
        if (!decay) return step;
        // The step is made from the decayed θ, and does not depend on it.
        return sub(step, mul(tensorOf(parameters, name), decay));
      });
      return {
        parameters: mapTensors(parameters, (theta, name) => add(theta, tensorOf(steps, name))),
        state: {
          k: add<Scalar>(last.k, begun),
          d: grown,
          dMax,
          numerator,
          m,
          v,
          s,
          moved: mapTensors(steps, (step, name) => add(tensorOf(last.moved, name), step)),
        } satisfies ProdigyState,
      };
    },
    drift: (state) => ({ high: mul<Scalar>(sub((state as ProdigyState).d, d0), lr), low: scalar(0) }),
    learned: (state) => ({ d: (state as ProdigyState).d }),
  };
}
