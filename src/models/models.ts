import { logreg } from './logreg.js';
import { mlp } from './mlp.js';
import { vgg } from './vgg.js';

/** The models' names, as on the command line and in the results' folders; `vgg` is the reference's. */
export const models = {
  logreg,
  mlp,
  vgg: vgg(16, { batchNorm: true }),
  vgg11: vgg(11, { batchNorm: false }),
  vgg11_bn: vgg(11, { batchNorm: true }),
  vgg13: vgg(13, { batchNorm: false }),
  vgg13_bn: vgg(13, { batchNorm: true }),
  vgg16: vgg(16, { batchNorm: false }),
  vgg16_bn: vgg(16, { batchNorm: true }),
  vgg19: vgg(19, { batchNorm: false }),
  vgg19_bn: vgg(19, { batchNorm: true }),
};
export type ModelName = keyof typeof models;
