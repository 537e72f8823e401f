import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { cifar10In, loadCifar10 } from './cifar10.js';
import type { Dataset, ImageSet } from './dataset.js';
import { loadMnist } from './mnist.js';

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
  const folders = [directory, join(directory, 'MNIST', 'raw'), join(directory, 'raw')];
  const folder = folders.find((candidate) => holdsMnist(candidate));
  return folder === undefined ? undefined : examine('MNIST', folder, () => checkedMnist(folder));
}

/** The MNIST that comes along. */
export function packagedMnist(): Found {
  return examine('MNIST', undefined, () => checkedMnist(undefined));
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

function holdsMnist(folder: string): boolean {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return false;
  return readdirSync(folder).some((name) => /^(train|t10k)-(images[-.]idx3|labels[-.]idx1)-ubyte(\.gz)?$/.test(name));
}

function checkedMnist(directory: string | undefined): { dataset: Dataset; official: boolean } {
  const dataset = loadMnist({ directory });
  return { dataset, official: isOfficial(dataset.train, mnistMd5.train) && isOfficial(dataset.test, mnistMd5.test) };
}

/** MD5 of the official IDX files, uncompressed: of images and labels. */
const mnistMd5 = {
  train: ['6bbc9ace898e44ae57da46a324031adb', 'a25bea736e30d166cdddb491f175f624'],
  test: ['2646ac647ad5339dbf082846283269ea', '27ae3e4e09519cfbb04c329615203637'],
} as const;

function isOfficial({ images, labels, count }: ImageSet, [ofImages, ofLabels]: readonly [string, string]): boolean {
  return idxMd5([count, 28, 28], images) === ofImages && idxMd5([count], labels) === ofLabels;
}

/** MD5 of an array as an IDX file of unsigned bytes; that a file was compressed makes no difference. */
function idxMd5(shape: readonly number[], data: Uint8Array): string {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((length, i) => header.writeUInt32BE(length, 4 + 4 * i));
  return createHash('md5').update(header).update(data).digest('hex');
}
