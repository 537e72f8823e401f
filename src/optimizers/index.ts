/*
 * The update rules, and what they are made of: pure functions on tensors, as the library exports them and the methods use them.
 */
export { adam, adamDirection, type AdamOptions } from './adam.js';
export { adamHD, type AdamHDRuleOptions, type Order } from './adam_hd.js';
export { adamW, adamWHD } from './adamw_hd.js';
export { adagradDirection } from './adagrad.js';
export { descent, type DescentOptions } from './descent.js';
export { decoupled, type Direction, type Hyper } from './direction.js';
export { dog, type DoGOptions } from './dog.js';
export { elementRates } from './element_rates.js';
export { grouped } from './grouped.js';
export { hdm, type HDMOptions } from './hdm.js';
export { hdmIterates, type Extent, type HDMIterate, type HDMIteratesOptions, type Objective } from './hdm_iterates.js';
export { hypergradientDescent, type HypergradientOptions } from './hypergradient.js';
export { prodigy, type ProdigyOptions } from './prodigy.js';
export { hypergradOptimizers, type HypergradOptimizer, type RateOptions } from './rate.js';
export type { Compensated, UpdateRule } from './rule.js';
export {
  scheduleFreeAdamW,
  scheduleFreeSGD,
  type ScheduleFreeAdamWOptions,
  type ScheduleFreeOptions,
  type ScheduleFreeSGDOptions,
} from './schedule_free.js';
export { momentum, sgd, sgdDirection, steepest, type MomentumOptions } from './sgd.js';
export { sgdHD, type SGDHDRuleOptions } from './sgd_hd.js';
export { rated, sgdTower } from './tower.js';
export { tunableAdamDirection } from './tunable_adam.js';
