import { hypergradientDescent, type HypergradientOptions } from './hypergradient.js';
import type { UpdateRule } from './rule.js';
import { nesterov, type NesterovOptions } from './sgdn.js';

/** SGD with Nesterov momentum and hypergradient descent (the paper's algorithm 5). */
export function sgdnHD(options: HypergradientOptions & NesterovOptions): UpdateRule {
  return hypergradientDescent(nesterov(options), options);
}
