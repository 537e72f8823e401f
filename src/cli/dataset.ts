import { existsSync } from 'node:fs';
import { loadCifar10 } from '../data/cifar10.js';
import type { Dataset } from '../data/dataset.js';
import { loadMnist } from '../data/mnist.js';
import { syntheticCifar10 } from '../data/synthetic.js';
import { UsageError } from '../errors.js';
import type { ModelName } from '../models/models.js';

export interface DatasetFlags {
  readonly model: ModelName;
  readonly data?: string;
  readonly synthetic: boolean;
  readonly seed: number;
}

/** The data that a model is trained on: MNIST, or CIFAR-10 for the VGGs. */
export function loadDataset({ model, data, synthetic, seed }: DatasetFlags, warn: (text: string) => void): Dataset {
  const onMnist = model === 'logreg' || model === 'mlp';
  if (synthetic) {
    if (onMnist)
      throw new UsageError(`--synthetic stands in for CIFAR-10; ${model} trains on MNIST, which comes along.`);
    return syntheticCifar10({ seed });
  }
  if (onMnist) return loadMnist({ directory: data ?? (existsSync('data') ? 'data' : undefined) });
  const { dataset, folder, official } = loadCifar10({ directory: data ?? 'data' });
  if (!official) warn(`${folder} holds well-formed CIFAR-10 files that are not the official ones.`);
  return dataset;
}
