/**
 * Makes the optimizers known to tfjs by name, for a program that loads a saved model and mentions none of them: a bundler
 * would leave out the class, and the registration with it.
 *
 * @packageDocumentation
 */
import { serialization } from '@tensorflow/tfjs-core';
import { AdamHD } from './adam_hd.js';
import { AdamWHD } from './adamw_hd.js';
import { DoG } from './dog.js';
import { HDM } from './hdm.js';
import { Prodigy } from './prodigy.js';
import { ScheduleFreeAdamW, ScheduleFreeSGD } from './schedule_free.js';
import { SGDHD } from './sgd_hd.js';
import { ElementSGDHD, SGDTower, TunedAdamHD, TunedSGDHD } from './tuned.js';

for (const optimizer of [
  ...[SGDHD, AdamHD, AdamWHD, HDM, TunedSGDHD, TunedAdamHD, SGDTower, ElementSGDHD],
  ...[Prodigy, DoG, ScheduleFreeSGD, ScheduleFreeAdamW],
]) {
  serialization.registerClass(optimizer);
}
