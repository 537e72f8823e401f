import { hypergradientDescent, type HypergradientOptions } from './hypergradient.js';
import type { UpdateRule } from './rule.js';
import { sgdDirection, type MomentumOptions } from './sgd.js';

export type SGDHDRuleOptions = HypergradientOptions & MomentumOptions;

/** SGD with hypergradient descent (the paper's algorithm 4; with Nesterov momentum its algorithm 5). */
export function sgdHD(options: SGDHDRuleOptions): UpdateRule {
  return hypergradientDescent(sgdDirection(options), options);
}
