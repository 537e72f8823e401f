import { adamDirection, type AdamOptions } from './adam.js';
import type { AdamHDRuleOptions } from './adam_hd.js';
import { descent, type DescentOptions } from './descent.js';
import { decoupled } from './direction.js';
import { hypergradientDescent } from './hypergradient.js';
import type { UpdateRule } from './rule.js';

/** AdamW: Adam with the weight decay λ decoupled from the gradient, θ ← θ − α·(u + λ·θ). λ is 0.01 by default. */
export function adamW({ weightDecay = 0.01, ...options }: DescentOptions & AdamOptions): UpdateRule {
  return descent(decoupled(adamDirection(options), weightDecay), options);
}

/** AdamW with hypergradient descent: h = ⟨∇f(θ_{t-1}), u_{t-1} + λ·θ_{t-2}⟩, where the gradient has no decay in it. */
export function adamWHD({ weightDecay = 0.01, order = 'reference', ...options }: AdamHDRuleOptions): UpdateRule {
  const direction = decoupled(adamDirection(options), weightDecay);
  return hypergradientDescent(direction, { ...options, perTensor: order === 'reference' });
}
