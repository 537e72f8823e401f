import { serialization } from '@tensorflow/tfjs-core';
import { dog, type DoGOptions } from '../optimizers/dog.js';
import { nonNegative, positive } from './options.js';
import { prepared, RuleOptimizer } from './rule_optimizer.js';

/**
 * DoG as a `tf.Optimizer`, SGD that finds its learning rate, see {@link dog}. `evaluated` has the model at the average of the
 * iterates, without which its authors advise against it.
 */
export class DoG extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'DoG';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: DoGOptions = {}) {
    super(
      prepared(DoG.className, options, {
        // Those of `dog` where nothing stands here.
        defaults: { lr: 1 },
        allowed: { repsRel: positive, lr: positive, weightDecay: nonNegative, eps: nonNegative, gamma: nonNegative },
        rule: dog,
        settable: false,
      }),
    );
  }
}

serialization.registerClass(DoG);
