import type { Dataset } from '../data/dataset.js';
import { reduced } from '../data/reduced.js';
import { loadDataset, type DatasetFlags, type DatasetTalk } from './dataset.js';

export type LoadDataset = (flags: DatasetFlags & { readonly reduction: number }, talk: DatasetTalk) => Promise<Dataset>;

/** Loads data sets, reduced as told, and keeps the last one: the runs of a sweep that follow one another share it. */
export function keptDatasets(): LoadDataset {
  let whole: Kept | undefined;
  let part: Kept | undefined;
  return async (flags, talk) => {
    const { model, data, synthetic, seed, reduction } = flags;
    const images = model.startsWith('vgg') ? 'CIFAR-10' : 'MNIST';
    const key = JSON.stringify(synthetic ? [model, seed] : [images, data]);
    if (whole?.key !== key) {
      [whole, part] = [undefined, undefined]; // that two need not be in memory
      whole = { key, dataset: await loadDataset(flags, talk) };
    }
    const partKey = `${key} ${reduction}`;
    if (part?.key !== partKey) part = { key: partKey, dataset: reduced(whole.dataset, reduction) };
    return part.dataset;
  };
}

interface Kept {
  readonly key: string;
  readonly dataset: Dataset;
}
