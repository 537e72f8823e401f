import { add, addN, divNoNan, mul, scalar, sqrt, sum, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import type { DescentOptions } from './descent.js';
import { decayed, descend, type Direction } from './direction.js';
import { learnedRate, type RateOptions, type RateState } from './rate.js';
import type { UpdateRule } from './rule.js';

export interface HypergradientOptions extends DescentOptions, RateOptions {
  /**
   * False: α moves once a step, by h over all parameters together (the paper). True: α moves at every parameter
   * tensor in turn, by that tensor's share of h, so that later tensors are already moved at a newer rate.
   */
  readonly perTensor?: boolean;
}

interface HypergradientState extends RateState {
  /** The direction's own state. */
  readonly inner: TensorTree;
  /** u_{t-1} = scale · q; zero before the first step, so that h = 0 there. */
  readonly q: NamedTensors;
  readonly scale: Scalar;
}

/**
 * Hypergradient descent on top of any direction u:
 *
 *     h_t = ⟨∇f(θ_{t-1}), u_{t-1}⟩      α_t = α_{t-1} + β·h_t      θ_t = θ_{t-1} − α_t·u_t
 *
 * Baydin et al., "Online Learning Rate Adaptation with Hypergradient Descent", ICLR 2018, equations 5 and 6. The
 * gradient includes weight decay, as in the authors' program.
 */
export function hypergradientDescent(direction: Direction, options: HypergradientOptions): UpdateRule {
  const { alpha0, weightDecay = 0, perTensor = false, multiplicative = false } = options;
  const learned = learnedRate(alpha0, options);
  return {
    alpha0,
    init(parameters): HypergradientState {
      return {
        inner: direction.init(parameters),
        q: zerosFor(parameters),
        scale: scalar(0),
        ...learned.init(),
      };
    },
    update(rawGradients, state, parameters) {
      const last = state as HypergradientState;
      const gradients = decayed(rawGradients, parameters, weightDecay);
      const { q, scale, state: inner } = direction.next(gradients, last.inner, parameters);

      const names = Object.keys(parameters);
      const moved: Record<string, Tensor> = {};
      let learning: RateState = last;
      for (const group of perTensor ? names.map((name) => [name]) : [names]) {
        const [g, lastQ] = [
          group.map((name) => tensorOf(gradients, name)),
          group.map((name) => tensorOf(last.q, name)),
        ];
        learning = learned.next(multiplicative ? cosine(g, lastQ) : mul(dot(g, lastQ), last.scale), learning);
        const rate = mul<Scalar>(add(learning.drift.high, alpha0), scale);
        for (const name of group) moved[name] = descend(tensorOf(parameters, name), rate, tensorOf(q, name));
      }
      const { drift, hypergradOptimizer } = learning;
      return { parameters: moved, state: { inner, q, scale, drift, hypergradOptimizer } satisfies HypergradientState };
    },
    drift: (state) => (state as HypergradientState).drift,
  };
}

/** ⟨a, b⟩ over several tensors. */
function dot(a: readonly Tensor[], b: readonly Tensor[]): Scalar {
  return addN<Scalar>(a.map((part, i) => sum<Scalar>(mul(part, b[i]!))));
}

/** ⟨a, b⟩/(‖a‖·‖b‖), and 0 where either is 0. */
function cosine(a: readonly Tensor[], b: readonly Tensor[]): Scalar {
  return divNoNan<Scalar>(dot(a, b), mul(sqrt(dot(a, a)), sqrt(dot(b, b))));
}
