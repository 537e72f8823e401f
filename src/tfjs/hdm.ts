import { serialization } from '@tensorflow/tfjs-core';
import { hdm } from '../optimizers/hdm.js';
import { anyNumber, nonNegative, share } from './options.js';
import { prepared, RuleOptimizer } from './rule_optimizer.js';

/** Options of {@link HDM}. */
export interface HDMOptimizerOptions {
  /** α₀ ≥ 0, the learning rate to start from. Default 0. */
  readonly lr?: number;
  /** β ≥ 0, the learning rate of the learning rate, about 1/L for a gradient of Lipschitz constant L. Default 0.1. */
  readonly hypergradLr?: number;
  /** μ₀, the momentum to start from. Default 0.95. */
  readonly momentum?: number;
  /** The learning rate of the momentum; 0: it stays. Default 1. */
  readonly momentumLr?: number;
  /** The least α, not above `lr`. Default 0. */
  readonly lowerBound?: number;
  /** λ ≥ 0, an L2 penalty. Default 0. */
  readonly weightDecay?: number;
}

/** HDM for mini-batches as a `tf.Optimizer`: SGD that learns its rate and its momentum, see {@link hdm}. `learned` has `mu`. */
export class HDM extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'HDM';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: HDMOptimizerOptions = {}) {
    super(
      prepared(HDM.className, options, {
        defaults: { lr: 0, hypergradLr: 0.1, momentum: 0.95, momentumLr: 1, lowerBound: 0, weightDecay: 0 },
        allowed: {
          ...{ lr: nonNegative, hypergradLr: nonNegative, momentum: share, momentumLr: nonNegative },
          ...{ lowerBound: anyNumber, weightDecay: nonNegative },
        },
        rule: ({ lr: alpha0, hypergradLr: beta, momentum: mu0, momentumLr: muLr, lowerBound, weightDecay }) =>
          hdm({ alpha0, beta, mu0, muLr, lowerBound, weightDecay }),
        settable: true,
      }),
    );
  }
}

serialization.registerClass(HDM);
