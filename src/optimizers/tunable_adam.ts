import {
  add,
  div,
  equal,
  exp,
  expm1,
  log,
  maximum,
  minimum,
  mul,
  neg,
  scalar,
  sqrt,
  square,
  sub,
  where,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import type { AdamOptions } from './adam.js';
import type { Direction, Hyper } from './direction.js';

interface TunableAdamState extends TensorTree {
  readonly t: Scalar;
  readonly m: NamedTensors;
  readonly v: NamedTensors;
}

/**
 * Adam whose β₁ and β₂ can be learned, by the symbols `beta1` and `beta2`:
 *
 *     u = m̂/(√v̂ + ε)       m̂ = m/(1 − β₁ᵗ)       v̂ = v/(1 − β₂ᵗ)
 *
 * With m' and v' before the step, and for one step only, as Adam-HD does it for α,
 *
 *     ∂m̂/∂β₁ = (m' − g)/(1 − β₁ᵗ) + t·β₁ᵗ⁻¹·m/(1 − β₁ᵗ)²         ∂u/∂β₁ = ∂m̂/∂β₁/(√v̂ + ε)
 *     ∂v̂/∂β₂ = (v' − g²)/(1 − β₂ᵗ) + t·β₂ᵗ⁻¹·v/(1 − β₂ᵗ)²        ∂u/∂β₂ = −m̂/(√v̂ + ε)²·∂v̂/∂β₂/(2·√v̂)
 *
 * A decay β is learned as w, with β = (tanh w + 1)/2, so that it stays between 0 and 1.
 *
 * Chandra, Xie, Ragan-Kelley and Meijer, "Gradient Descent: The Ultimate Optimizer", NeurIPS 2022; as in the authors'
 * program ε is outside the root of v̂, and v is ε before the first step, where the root has no derivative at 0.
 */
export function tunableAdamDirection({ betas = [0.9, 0.999], eps = 1e-8 }: AdamOptions): Direction {
  const [start1, start2] = betas.map((beta) => Math.atanh(2 * beta - 1)) as [number, number];
  return {
    hyper: { beta1: decayHyper(start1), beta2: decayHyper(start2) },
    init(parameters): TunableAdamState {
      const v = mapTensors(parameters, (theta) => add(mul(theta, 0), eps));
      return { t: scalar(0), m: zerosFor(parameters), v };
    },
    next(gradients, state, _, hyper = {}) {
      const last = state as TunableAdamState;
      const t = add<Scalar>(last.t, 1);
      const [first, second] = [decay(hyper.beta1 ?? scalar(start1), t), decay(hyper.beta2 ?? scalar(start2), t)];

      const m = average(last.m, gradients, first);
      const v = average(
        last.v,
        mapTensors(gradients, (g) => square(g)),
        second,
      );
      const root = mapTensors(v, (average) => sqrt(div(average, second.correction)));
      const mHat = mapTensors(m, (average) => div(average, first.correction));
      const q = mapTensors(mHat, (average, name) => div(average, add(tensorOf(root, name), eps)));
      const by1 = mapTensors(gradients, (g, name) => {
        return div(derivative(tensorOf(last.m, name), g, tensorOf(m, name), first), add(tensorOf(root, name), eps));
      });
      const by2 = mapTensors(gradients, (g, name) => {
        const vSlope = derivative(tensorOf(last.v, name), square(g), tensorOf(v, name), second);
        const slope = div(vSlope, mul(tensorOf(root, name), 2));
        return neg(mul(div(tensorOf(q, name), add(tensorOf(root, name), eps)), slope));
      });
      return {
        q,
        scale: scalar(1),
        state: { t, m, v } satisfies TunableAdamState,
        derivatives: { beta1: by1, beta2: by2 },
      };
    },
  };
}

/** A decay β as it is after t steps. */
interface Decay {
  readonly beta: Scalar;
  /** 1 − β, not as a difference: that would lose three digits in float32. */
  readonly rest: Scalar;
  /** 1 − βᵗ. */
  readonly correction: Scalar;
  /** ∂(1 − βᵗ)/∂β, negated: t·βᵗ⁻¹. */
  readonly fall: Scalar;
  /** ∂β/∂w. */
  readonly slope: Scalar;
}

function decay(w: Scalar, t: Scalar): Decay {
  const e = odds(w);
  const beta = div<Scalar>(1, add(e, 1));
  const rest = mul<Scalar>(e, beta);
  const correction = neg(expm1(neg(mul<Scalar>(t, log1p(e)))));
  const fall = div<Scalar>(mul(t, sub(1, correction)), beta);
  return { beta, rest, correction, fall, slope: mul<Scalar>(mul(beta, rest), 2) };
}

/** (1 − β)/β = e^(−2w). Beyond |w| = 8 float32 could not tell β from 0 or 1. */
function odds(w: Scalar): Scalar {
  return exp(mul<Scalar>(maximum(minimum(w, 8), -8), -2));
}

/** β·last + (1 − β)·x. */
function average(last: NamedTensors, x: NamedTensors, { beta, rest }: Decay): NamedTensors {
  return mapTensors(x, (value, name) => add(mul(tensorOf(last, name), beta), mul(value, rest)));
}

/** ∂/∂w of an average over its correction, with the average before the step and after it. */
function derivative(before: Tensor, x: Tensor, after: Tensor, { correction, fall, slope }: Decay): Tensor {
  const own = div(sub(before, x), correction);
  return mul(add(own, div(mul(after, fall), square(correction))), slope);
}

/** log(1 + x) to all digits, by Kahan's formula: the engines have no log1p in common. */
function log1p(x: Scalar): Scalar {
  const u = add<Scalar>(x, 1);
  const exact = div<Scalar>(mul(x, log(u)), sub(u, 1));
  return where(equal(u, 1), x, exact);
}

function decayHyper(start: number): Hyper {
  return { start, read: (w) => div<Scalar>(1, add(odds(w), 1)) };
}
