import { serialization } from '@tensorflow/tfjs-core';
import { elementRates } from '../optimizers/element_rates.js';
import { hypergradientDescent } from '../optimizers/hypergradient.js';
import { steepest } from '../optimizers/sgd.js';
import { sgdHD } from '../optimizers/sgd_hd.js';
import { sgdTower } from '../optimizers/tower.js';
import { tunableAdamDirection } from '../optimizers/tunable_adam.js';
import { anyNumber, decays, nonNegative, positive } from './options.js';
import { allowedSafeguards, rateOptions, safeguardDefaults, type SafeguardOptions } from './rate_options.js';
import { prepared, RuleOptimizer } from './rule_optimizer.js';

interface RateOptions {
  /** α₀ ≥ 0, the learning rate to start from. Default 1e-3. */
  readonly lr?: number;
  /** β ≥ 0, the learning rate of the learning rate. Default 1e-6. */
  readonly hypergradLr?: number;
  /** λ ≥ 0, an L2 penalty. Default 0. */
  readonly weightDecay?: number;
}

const rates = { lr: 1e-3, hypergradLr: 1e-6, weightDecay: 0 };
const allowedRates = { lr: nonNegative, hypergradLr: nonNegative, weightDecay: nonNegative };

/** Options of {@link TunedSGDHD}. */
export interface TunedSGDHDOptions extends RateOptions, SafeguardOptions {
  /** μ₀ > 0, the momentum to start from. Default 0.9. */
  readonly momentum?: number;
  /** β_μ ≥ 0, the learning rate of the momentum. Default 1e-4. */
  readonly momentumLr?: number;
}

/** SGD-HD that learns its momentum as well, which stays ≥ 0; `learned` has `mu`. */
export class TunedSGDHD extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'TunedSGDHD';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: TunedSGDHDOptions = {}) {
    super(
      prepared(TunedSGDHD.className, options, {
        defaults: { ...rates, momentum: 0.9, momentumLr: 1e-4, ...safeguardDefaults },
        allowed: { ...allowedRates, momentum: positive, momentumLr: nonNegative, ...allowedSafeguards },
        rule: ({ momentum: mu, momentumLr: beta, weightDecay, ...options }) => {
          const tune = { mu: { beta, lowerBound: 0 } };
          return sgdHD({ ...rateOptions(TunedSGDHD.className, options), mu, weightDecay, separate: true, tune });
        },
        settable: true,
      }),
    );
  }
}

/** Options of {@link TunedAdamHD}. */
export interface TunedAdamHDOptions extends RateOptions, SafeguardOptions {
  /** β₁ and β₂ to start from, each > 0 and < 1. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** ε ≥ 0. Default 1e-8. */
  readonly eps?: number;
  /** The learning rate of β₁ and β₂. Default 1e-5. */
  readonly decayLr?: number;
}

/** Adam-HD that learns β₁ and β₂ as well; `learned` has `beta1` and `beta2`. */
export class TunedAdamHD extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'TunedAdamHD';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: TunedAdamHDOptions = {}) {
    super(
      prepared(TunedAdamHD.className, options, {
        defaults: { ...rates, betas: [0.9, 0.999] as const, eps: 1e-8, decayLr: 1e-5, ...safeguardDefaults },
        allowed: { ...allowedRates, betas: decays, eps: nonNegative, decayLr: nonNegative, ...allowedSafeguards },
        rule: ({ betas, eps, decayLr: beta, weightDecay, ...options }) =>
          hypergradientDescent(tunableAdamDirection({ betas, eps }), {
            ...rateOptions(TunedAdamHD.className, options),
            ...{ weightDecay, separate: true, tune: { beta1: { beta }, beta2: { beta } } },
          }),
        settable: true,
      }),
    );
  }
}

/** Options of {@link SGDTower}. */
export interface SGDTowerOptions extends RateOptions {
  /** The learning rate of `hypergradLr`. Default 1e-12. */
  readonly hypergradLrLr?: number;
  /** Clips the hypergradient to ± this number > 0. Default: no clipping. */
  readonly hypergradClip?: number;
  /** The least α, not above `lr`. Default: none. */
  readonly lowerBound?: number;
}

/** SGD whose α is learned at a rate β that is learned as well, see {@link rated}; `learned` has `beta`. */
export class SGDTower extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'SGDTower';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: SGDTowerOptions = {}) {
    super(
      prepared(SGDTower.className, options, {
        defaults: { ...rates, hypergradLrLr: 1e-12 },
        allowed: { ...allowedRates, hypergradLrLr: nonNegative, hypergradClip: positive, lowerBound: anyNumber },
        rule: ({ lr: alpha0, hypergradLr: beta, hypergradLrLr: betaLr, hypergradClip: clip, ...others }) =>
          sgdTower({ alpha0, beta, betaLr, clip, separate: true, ...others }),
        settable: true,
      }),
    );
  }
}

/** Options of {@link ElementSGDHD}. */
export interface ElementSGDHDOptions extends RateOptions, SafeguardOptions {}

/** SGD-HD with a rate for each element, see {@link elementRates}; `learningRate` is their mean, `learned` that of each variable. */
export class ElementSGDHD extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'ElementSGDHD';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: ElementSGDHDOptions = {}) {
    super(
      prepared(ElementSGDHD.className, options, {
        defaults: { ...rates, ...safeguardDefaults },
        allowed: { ...allowedRates, ...allowedSafeguards },
        rule: ({ weightDecay, ...options }) =>
          elementRates(steepest, { ...rateOptions(ElementSGDHD.className, options), weightDecay }),
        settable: false,
      }),
    );
  }
}

for (const optimizer of [TunedSGDHD, TunedAdamHD, SGDTower, ElementSGDHD]) serialization.registerClass(optimizer);
