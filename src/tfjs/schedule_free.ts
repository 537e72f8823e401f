import { serialization } from '@tensorflow/tfjs-core';
import {
  scheduleFreeAdamW,
  scheduleFreeSGD,
  type ScheduleFreeAdamWOptions,
  type ScheduleFreeSGDOptions,
} from '../optimizers/schedule_free.js';
import { decays, nonNegative, share, yesOrNo } from './options.js';
import { prepared, RuleOptimizer } from './rule_optimizer.js';

interface Lr {
  /** α ≥ 0. Default 1 of SGD, 0.0025 of AdamW. */
  readonly lr?: number;
}

/** Options of {@link ScheduleFreeSGD}. */
export type ScheduleFreeSGDOptimizerOptions = Lr & Omit<ScheduleFreeSGDOptions, 'alpha0'>;
/** Options of {@link ScheduleFreeAdamW}. */
export type ScheduleFreeAdamWOptimizerOptions = Lr & Omit<ScheduleFreeAdamWOptions, 'alpha0'>;

const allowed = {
  ...{ lr: nonNegative, weightDecay: nonNegative, warmupSteps: nonNegative },
  ...{ r: nonNegative, weightLrPower: nonNegative },
};

/** Schedule-Free SGD as a `tf.Optimizer`, see {@link scheduleFreeSGD}. Use the model within `evaluated`. */
export class ScheduleFreeSGD extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'ScheduleFreeSGD';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: ScheduleFreeSGDOptimizerOptions = {}) {
    super(
      prepared(ScheduleFreeSGD.className, options, {
        defaults: { lr: 1 },
        allowed: { ...allowed, momentum: share },
        rule: ({ lr: alpha0, ...others }) => scheduleFreeSGD({ alpha0, ...others }),
        settable: false,
      }),
    );
  }
}

/** Schedule-Free AdamW as a `tf.Optimizer`, see {@link scheduleFreeAdamW}. Use the model within `evaluated`. */
export class ScheduleFreeAdamW extends RuleOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'ScheduleFreeAdamW';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: ScheduleFreeAdamWOptimizerOptions = {}) {
    super(
      prepared(ScheduleFreeAdamW.className, options, {
        defaults: { lr: 0.0025 },
        allowed: { ...allowed, betas: decays, eps: nonNegative, decayAtZ: yesOrNo },
        rule: ({ lr: alpha0, ...others }) => scheduleFreeAdamW({ alpha0, ...others }),
        settable: false,
      }),
    );
  }
}

for (const optimizer of [ScheduleFreeSGD, ScheduleFreeAdamW]) serialization.registerClass(optimizer);
