/**
 * The optimizers of "Online Learning Rate Adaptation with Hypergradient Descent" for tfjs: classes that work wherever
 * `tf.Optimizer` does, and the pure update rules behind them for loops of one's own.
 *
 * @packageDocumentation
 */
export { UsageError } from './errors.js';
export * from './optimizers/index.js';
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
