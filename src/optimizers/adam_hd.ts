import { adamDirection, type AdamOptions } from './adam.js';
import { hypergradientDescent, type HypergradientOptions } from './hypergradient.js';
import type { UpdateRule } from './rule.js';

export type AdamHDOptions = Omit<HypergradientOptions, 'perTensor'> &
  AdamOptions & {
    /**
     * `reference`: α moves inside the loop over parameter tensors, as in the authors' program (their issue 9), which
     * the published results need. `paper`: one h over all tensors, then the step.
     */
    readonly order?: 'reference' | 'paper';
  };

/** Adam with hypergradient descent (the paper's algorithm 6). */
export function adamHD({ order = 'reference', ...options }: AdamHDOptions): UpdateRule {
  return hypergradientDescent(adamDirection(options), { ...options, perTensor: order === 'reference' });
}
