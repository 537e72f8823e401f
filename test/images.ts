import { sizeOf, type Dataset, type ImageSet } from '../src/data/dataset.js';
import { mt19937 } from '../src/random/mt19937.js';

/** Random pixels, then random labels, of ten classes. */
export function randomImages(count: number, imageShape: readonly number[], seed: number): ImageSet {
  const source = mt19937(seed);
  return {
    images: Uint8Array.from({ length: count * sizeOf(imageShape) }, () => source.next() & 255),
    labels: Uint8Array.from({ length: count }, () => source.next() % 10),
    count,
  };
}

/** A dataset of images to train, and to test; the same unless given. */
export function datasetOf(imageShape: readonly number[], train: ImageSet, test = train): Dataset {
  const perChannel = (figures: number[]) => (imageShape.length === 3 ? figures : figures.slice(0, 1));
  return {
    name: 'random',
    imageShape,
    classes: 10,
    mean: perChannel([0.485, 0.456, 0.406]),
    std: perChannel([0.229, 0.224, 0.225]),
    augmented: false,
    train,
    test,
  };
}
