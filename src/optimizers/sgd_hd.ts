import { hypergradientDescent, type HypergradientOptions } from './hypergradient.js';
import type { UpdateRule } from './rule.js';
import { steepest } from './sgd.js';

/** SGD with hypergradient descent (the paper's algorithm 4). */
export function sgdHD(options: HypergradientOptions): UpdateRule {
  return hypergradientDescent(steepest, options);
}
