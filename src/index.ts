/**
 * The optimizers of "Online Learning Rate Adaptation with Hypergradient Descent" for tfjs: classes that work wherever
 * `tf.Optimizer` does, and the pure update rules behind them for loops of one's own.
 *
 * @packageDocumentation
 */
export { UsageError } from './errors.js';
export { adam, adamDirection, type AdamOptions } from './optimizers/adam.js';
export { adamHD, type AdamHDRuleOptions, type Order } from './optimizers/adam_hd.js';
export { adamW, adamWHD } from './optimizers/adamw_hd.js';
export { adagradDirection } from './optimizers/adagrad.js';
export { descent, type DescentOptions } from './optimizers/descent.js';
export { decoupled, type Direction, type Hyper } from './optimizers/direction.js';
export { dog, type DoGOptions } from './optimizers/dog.js';
export { elementRates } from './optimizers/element_rates.js';
export { grouped } from './optimizers/grouped.js';
export { hdm, type HDMOptions } from './optimizers/hdm.js';
export {
  hdmIterates,
  type Extent,
  type HDMIterate,
  type HDMIteratesOptions,
  type Objective,
} from './optimizers/hdm_iterates.js';
export { hypergradientDescent, type HypergradientOptions } from './optimizers/hypergradient.js';
export { prodigy, type ProdigyOptions } from './optimizers/prodigy.js';
export { hypergradOptimizers, type HypergradOptimizer, type RateOptions } from './optimizers/rate.js';
export type { Compensated, UpdateRule } from './optimizers/rule.js';
export {
  scheduleFreeAdamW,
  scheduleFreeSGD,
  type ScheduleFreeAdamWOptions,
  type ScheduleFreeOptions,
  type ScheduleFreeSGDOptions,
} from './optimizers/schedule_free.js';
export { momentum, sgd, sgdDirection, steepest, type MomentumOptions } from './optimizers/sgd.js';
export { sgdHD, type SGDHDRuleOptions } from './optimizers/sgd_hd.js';
export { rated, sgdTower } from './optimizers/tower.js';
export { tunableAdamDirection } from './optimizers/tunable_adam.js';
export type { NamedTensors, TensorTree } from './tensors.js';
export { AdamHD, type AdamHDOptions } from './tfjs/adam_hd.js';
export { AdamWHD, type AdamWHDOptions } from './tfjs/adamw_hd.js';
export { DoG } from './tfjs/dog.js';
export { HDM, type HDMOptimizerOptions } from './tfjs/hdm.js';
export { HypergradientOptimizer } from './tfjs/optimizer.js';
export { Prodigy } from './tfjs/prodigy.js';
export type { SafeguardOptions } from './tfjs/rate_options.js';
export { SGDHD, type SGDHDOptions } from './tfjs/sgd_hd.js';
export { RuleOptimizer } from './tfjs/rule_optimizer.js';
export {
  ScheduleFreeAdamW,
  ScheduleFreeSGD,
  type ScheduleFreeAdamWOptimizerOptions,
  type ScheduleFreeSGDOptimizerOptions,
} from './tfjs/schedule_free.js';
export {
  ElementSGDHD,
  SGDTower,
  TunedAdamHD,
  TunedSGDHD,
  type ElementSGDHDOptions,
  type SGDTowerOptions,
  type TunedAdamHDOptions,
  type TunedSGDHDOptions,
} from './tfjs/tuned.js';
