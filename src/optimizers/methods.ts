import { adam } from './adam.js';
import { adamHD, type Order } from './adam_hd.js';
import { hypergradOptimizers, type HypergradOptimizer, type RateOptions } from './rate.js';
import type { UpdateRule } from './rule.js';
import { sgd } from './sgd.js';
import { sgdHD } from './sgd_hd.js';
import type { Method, OwnOptions } from './table.js';

export interface MethodOptions
  extends
    Omit<RateOptions, 'hypergradOptimizer'>,
    Partial<Pick<OwnOptions, 'muLr' | 'betaLr' | 'decayLr' | 'd0' | 'dCoef' | 'repsRel' | 'warmupSteps'>> {
  readonly alpha0: number;
  readonly mu: number;
  readonly weightDecay: number;
  /** Adam-HD's alone. */
  readonly order?: Order;
  /** What moves α along h. Default `plain`: h itself. */
  readonly hypergradOptimizer?: HypergradOptimizer;
}

type RuleOptions = Omit<MethodOptions, 'hypergradOptimizer'> & Pick<RateOptions, 'hypergradOptimizer'>;

const rules: Record<Method, (options: RuleOptions) => UpdateRule> = {
  sgd: (options) => sgd({ ...options, mu: 0 }),
  sgd_hd: (options) => sgdHD({ ...options, mu: 0 }),
  sgdn: (options) => sgd({ ...options, nesterov: true }),
  sgdn_hd: (options) => sgdHD({ ...options, nesterov: true }),
  adam,
  adam_hd: adamHD,
};

/** The update rule of a method, with Adam's β₁ = 0.9, β₂ = 0.999 and ε = 1e-8. */
export function updateRule(method: Method, options: MethodOptions): UpdateRule {
  return rules[method]({ ...options, hypergradOptimizer: hypergradOptimizers[options.hypergradOptimizer ?? 'plain'] });
}
