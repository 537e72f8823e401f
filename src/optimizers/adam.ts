import { add, div, expm1, mul, neg, scalar, sqrt, square, type Scalar } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import { descent, type DescentOptions } from './descent.js';
import type { Direction } from './direction.js';
import type { UpdateRule } from './rule.js';

export interface AdamOptions {
  /** β₁ and β₂, the decay of the averages of g and g². */
  readonly betas?: readonly [number, number];
  /** ε, added to √v outside the bias correction, as PyTorch 0.3 does (tfjs's own Adam differs). */
  readonly eps?: number;
}

interface AdamState extends TensorTree {
  /** Steps taken. */
  readonly t: Scalar;
  /** Averages of g and g². */
  readonly m: NamedTensors;
  readonly v: NamedTensors;
}

/** u = m/(√v + ε) · √(1 − β₂ᵗ)/(1 − β₁ᵗ). */
export function adamDirection({ betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8 }: AdamOptions): Direction {
  return {
    init(parameters): AdamState {
      return { t: scalar(0), m: zerosFor(parameters), v: zerosFor(parameters) };
    },
    next(gradients, state) {
      const last = state as AdamState;
      const t = add<Scalar>(last.t, 1);
      const m = mapTensors(gradients, (g, name) => add(mul(tensorOf(last.m, name), beta1), mul(g, 1 - beta1)));
      const v = mapTensors(gradients, (g, name) => add(mul(tensorOf(last.v, name), beta2), mul(square(g), 1 - beta2)));
      const q = mapTensors(m, (average, name) => div(average, add(sqrt(tensorOf(v, name)), eps)));
      const scale = div<Scalar>(sqrt(oneMinusPower(beta2, t)), oneMinusPower(beta1, t));
      return { q, scale, state: { t, m, v } satisfies AdamState };
    },
  };
}

/** Adam (Kingma and Ba, 2015) as in PyTorch. */
export function adam(options: DescentOptions & AdamOptions): UpdateRule {
  return descent(adamDirection(options), options);
}

/** 1 − βᵗ = −expm1(t·ln β): the difference itself would lose four digits in float32 where βᵗ is near 1. */
export function oneMinusPower(beta: number, t: Scalar): Scalar {
  return neg(expm1(mul(t, Math.log(beta))));
}
