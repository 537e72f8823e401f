import { UsageError } from '../errors.js';
import { cifar10In, loadCifar10 } from './cifar10.js';
import type { Dataset } from './dataset.js';
import { isOfficialMnist, loadMnist, mnistIn } from './mnist.js';

/** A data set that is on this machine, and whether it is what it should be. */
export interface Found {
  readonly name: string;
  /** Undefined for the MNIST that comes along. */
  readonly folder: string | undefined;
  /** Numbers of images to train and to test; undefined where the files cannot be read. */
  readonly images: readonly [number, number] | undefined;
  /** Whether the files are the official ones, byte for byte. */
  readonly official: boolean;
  /** Why the files cannot be read. */
  readonly fault: string | undefined;
}

/** CIFAR-10 in a data folder; undefined where there is none of its files. */
export function findCifar10(directory: string): Found | undefined {
  const folder = cifar10In(directory);
  return folder === undefined ? undefined : examine('CIFAR-10', folder, () => loadCifar10({ directory: folder }));
}

/** MNIST in a data folder; undefined where there is none of its files. */
export function findMnist(directory: string): Found | undefined {
  const folder = mnistIn(directory);
  return folder === undefined ? undefined : examine('MNIST', folder, () => loadMnist({ directory: folder }));
}

/** The MNIST that comes along. */
export function packagedMnist(): Found {
  return examine('MNIST', undefined, () => {
    const { dataset } = loadMnist();
    return { dataset, official: isOfficialMnist(dataset) };
  });
}

function examine(
  name: string,
  folder: string | undefined,
  load: () => { readonly dataset: Dataset; readonly official: boolean },
): Found {
  try {
    const { dataset, official } = load();
    return { name, folder, images: [dataset.train.count, dataset.test.count], official, fault: undefined };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { name, folder, images: undefined, official: false, fault: error.message };
  }
}
