import type { Dataset } from '../data/dataset.js';
import type { RandomSource } from '../random/mt19937.js';
import { permutation } from '../random/torch.js';

/**
 * The order of the samples in a pass over the training set: indices, shape [samples].
 *
 * The reference loads CIFAR-10 in worker processes, and PyTorch draws a seed of 64 bits for them whenever a pass begins:
 * one before the order, and one for the pass over the test set that follows.
 */
export function sampleOrder(source: RandomSource, { train, augmented }: Dataset): Int32Array {
  const drawsOfSeed = augmented ? 2 : 0;
  source.skip(drawsOfSeed);
  const samples = permutation(source, train.count);
  source.skip(drawsOfSeed);
  return samples;
}
