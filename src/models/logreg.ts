import { reshape } from '@tensorflow/tfjs-core';
import { initLinear, linear } from './linear.js';
import type { Model } from './model.js';

const pixels = 28 * 28;

/** Logistic regression on MNIST: one linear layer, 784 → 10. */
export const logreg: Model = {
  validationBatch: 500,
  init: (source) => ({ parameters: initLinear(source, 'lin1', pixels, 10), buffers: {} }),
  forward: ({ parameters, buffers }, images) => ({
    logits: linear(parameters, 'lin1', reshape(images, [-1, pixels])),
    buffers,
  }),
};
