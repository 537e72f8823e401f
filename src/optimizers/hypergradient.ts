import { add, addN, mul, scalar, sum, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import { accumulate, zero } from './compensated.js';
import type { DescentOptions } from './descent.js';
import { decayed, descend, type Direction } from './direction.js';
import type { Compensated, UpdateRule } from './rule.js';

export interface HypergradientOptions extends DescentOptions {
  /** β, the learning rate of the learning rate. */
  readonly beta: number;
  /**
   * False: α moves once a step, by h over all parameters together (the paper). True: α moves at every parameter
   * tensor in turn, by that tensor's share of h, so that later tensors are already moved at a newer rate.
   */
  readonly perTensor?: boolean;
}

interface HypergradientState extends TensorTree {
  /** The direction's own state. */
  readonly inner: TensorTree;
  /** u_{t-1} = scale · q; zero before the first step, so that h = 0 there. */
  readonly q: NamedTensors;
  readonly scale: Scalar;
  /** α − α₀. */
  readonly drift: Compensated;
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
  const { alpha0, beta, weightDecay = 0, perTensor = false } = options;
  return {
    alpha0,
    init(parameters): HypergradientState {
      return { inner: direction.init(parameters), q: zerosFor(parameters), scale: scalar(0), drift: zero() };
    },
    update(rawGradients, state, parameters) {
      const last = state as HypergradientState;
      const gradients = decayed(rawGradients, parameters, weightDecay);
      const { q, scale, state: inner } = direction.next(gradients, last.inner);

      const names = Object.keys(parameters);
      const moved: Record<string, Tensor> = {};
      let drift = last.drift;
      for (const group of perTensor ? names.map((name) => [name]) : [names]) {
        const products = group.map((name) => dot(tensorOf(gradients, name), tensorOf(last.q, name)));
        const h = mul<Scalar>(addN(products), last.scale);
        drift = accumulate(drift, mul(h, beta));
        const rate = mul<Scalar>(add(drift.high, alpha0), scale);
        for (const name of group) moved[name] = descend(tensorOf(parameters, name), rate, tensorOf(q, name));
      }
      return { parameters: moved, state: { inner, q, scale, drift } satisfies HypergradientState };
    },
    drift: (state) => (state as HypergradientState).drift,
  };
}

function dot(a: Tensor, b: Tensor): Scalar {
  return sum<Scalar>(mul(a, b));
}
