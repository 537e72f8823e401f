import { adam } from './adam.js';
import { adamHD, type Order } from './adam_hd.js';
import { dog } from './dog.js';
import { elementRates } from './element_rates.js';
import { grouped } from './grouped.js';
import { hdm } from './hdm.js';
import { hypergradientDescent } from './hypergradient.js';
import { prodigy } from './prodigy.js';
import { hypergradOptimizers, type HypergradOptimizer, type RateOptions } from './rate.js';
import type { UpdateRule } from './rule.js';
import { scheduleFreeAdamW, scheduleFreeSGD } from './schedule_free.js';
import { sgd, steepest } from './sgd.js';
import { sgdHD } from './sgd_hd.js';
import { specOf, type Method, type OwnOptions } from './table.js';
import { sgdTower } from './tower.js';
import { tunableAdamDirection } from './tunable_adam.js';

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
  hdm: ({ mu, ...options }) => hdm({ ...options, mu0: mu }),
  sgd_tower: ({ betaLr = 0, ...options }) => sgdTower({ ...options, betaLr }),
  sgd_tuned: ({ muLr = 0, ...options }) => sgdHD({ ...options, tune: { mu: { beta: muLr, lowerBound: 0 } } }),
  adam_tuned: ({ decayLr: beta = 0, ...options }) =>
    hypergradientDescent(tunableAdamDirection({}), { ...options, tune: { beta1: { beta }, beta2: { beta } } }),
  sgd_hd_layers: (options) => grouped(sgdHD({ ...options, mu: 0 }), layerOf),
  adam_hd_layers: (options) => grouped(adamHD({ ...options, order: 'paper' }), layerOf),
  sgd_hd_elements: (options) => elementRates(steepest, options),
  prodigy: (options) => prodigy({ ...options, decouple: false }),
  dog,
  ldog: (options) => grouped(dog(options)),
  sgd_sf: ({ mu, ...options }) => scheduleFreeSGD({ ...options, momentum: mu }),
  adamw_sf: scheduleFreeAdamW,
};

/** `features.0` of `features.0.weight`. */
function layerOf(parameter: string): string {
  return parameter.replace(/\.[^.]+$/, '');
}

/**
 * The update rule of a method, with Adam's β₁ = 0.9, β₂ = 0.999 and ε = 1e-8. Options that only some methods have are the
 * table's where they are not given.
 */
export function updateRule(method: Method, options: MethodOptions): UpdateRule {
  const { muLr, betaLr, decayLr, d0, dCoef, repsRel, warmupSteps } = specOf(method).options;
  const own = Object.entries({ muLr, betaLr, decayLr, d0, dCoef, repsRel, warmupSteps });
  return rules[method]({
    ...Object.fromEntries(own.filter(([, value]) => value !== undefined)),
    ...options,
    hypergradOptimizer: hypergradOptimizers[options.hypergradOptimizer ?? 'plain'],
  });
}
