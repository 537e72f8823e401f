import { relu, reshape } from '@tensorflow/tfjs-core';
import { initLinear, linear } from './linear.js';
import type { Model } from './model.js';

const pixels = 28 * 28;
const hidden = 1000;

/** The multi-layer perceptron on MNIST: 784 → 1000 → 1000 → 10, with ReLU between. */
export const mlp: Model = {
  validationBatch: 500,
  init: (source) => ({
    parameters: {
      ...initLinear(source, 'lin1', pixels, hidden),
      ...initLinear(source, 'lin2', hidden, hidden),
      ...initLinear(source, 'lin3', hidden, 10),
    },
    buffers: {},
  }),
  forward({ parameters, buffers }, images) {
    const first = relu(linear(parameters, 'lin1', reshape(images, [-1, pixels])));
    const second = relu(linear(parameters, 'lin2', first));
    return { logits: linear(parameters, 'lin3', second), buffers };
  },
};
