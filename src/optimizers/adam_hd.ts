import { adamDirection, type AdamOptions } from './adam.js';
import { hypergradientDescent, type HypergradientOptions } from './hypergradient.js';
import type { UpdateRule } from './rule.js';

/**
 * `reference`: α moves inside the loop over parameter tensors, as in the authors' program (their issue 9), which
 * the published results need. `paper`: one h over all tensors, then the step.
 */
export type Order = 'reference' | 'paper';

export type AdamHDRuleOptions = Omit<HypergradientOptions, 'perTensor'> &
  AdamOptions & {
    /** When α moves. Default `reference`. */
    readonly order?: Order;
  };

/** Adam with hypergradient descent (the paper's algorithm 6). */
export function adamHD({ order = 'reference', ...options }: AdamHDRuleOptions): UpdateRule {
  return hypergradientDescent(adamDirection(options), { ...options, perTensor: order === 'reference' });
}
