import { serialization } from '@tensorflow/tfjs-core';
import { prodigy, type ProdigyOptions } from '../optimizers/prodigy.js';
import { decays, nonNegative, positive, share, yesOrNo } from './options.js';
import { prepared, RuleOptimizer } from './rule_optimizer.js';

/** Prodigy as a `tf.Optimizer`, an Adam that finds its learning rate, see {@link prodigy}. `learned` has `d`. */
export class Prodigy extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'Prodigy';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: ProdigyOptions = {}) {
    super(
      prepared(Prodigy.className, options, {
        // Those of `prodigy` where nothing stands here.
        defaults: { lr: 1 },
        allowed: {
          ...{ lr: positive, betas: decays, beta3: share, eps: nonNegative, weightDecay: nonNegative },
          ...{ decouple: yesOrNo, biasCorrection: yesOrNo, safeguardWarmup: yesOrNo },
          ...{ d0: positive, dCoef: positive, growthRate: positive },
        },
        rule: prodigy,
        settable: false,
      }),
    );
  }
}

serialization.registerClass(Prodigy);
