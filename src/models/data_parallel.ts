import { concat, slice, type Tensor } from '@tensorflow/tfjs-core';
import { mapTensors } from '../tensors.js';
import type { Model } from './model.js';

/**
 * The model as PyTorch's DataParallel trains it on several GPUs: a mini-batch is cut into a part for each replica, batch
 * norm takes its statistics from the part alone, the gradients of the parts add up, and of the running statistics only
 * the first replica's are kept. An evaluation is as without.
 *
 * @param replicas parts of a mini-batch, of ⌈batch / replicas⌉ images; the last may be smaller, and of a small
 *   mini-batch there may be fewer.
 */
export function dataParallel(model: Model, replicas: number): Model {
  return {
    ...model,
    forward(variables, images, pass) {
      if (!pass.training) return model.forward(variables, images, pass);
      const batch = images.shape[0] ?? 0;
      const size = Math.ceil(batch / replicas);
      const passes = Array.from({ length: Math.ceil(batch / size) }, (_, i) => {
        const part = <T extends Tensor>(t: T): T => slice(t, i * size, Math.min(size, batch - i * size));
        return model.forward(variables, part(images), { ...pass, masks: mapTensors(pass.masks, part) });
      });
      return {
        logits: concat(
          passes.map(({ logits }) => logits),
          0,
        ),
        buffers: passes[0]?.buffers ?? {},
      };
    },
  };
}
