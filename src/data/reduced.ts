import { UsageError } from '../errors.js';
import { sizeOf, type Dataset, type ImageSet } from './dataset.js';

/**
 * The first 1/K of a data set's images to train and of those to test, rounded down. They share the data set's memory.
 *
 * @param reduction K, an integer from 1; 1 leaves the data set as it is.
 * @throws UsageError where no image would be left.
 */
export function reduced(dataset: Dataset, reduction: number): Dataset {
  if (reduction === 1) return dataset;
  const { train, test } = dataset;
  const fewest = Math.min(train.count, test.count);
  if (reduction > fewest) {
    throw new UsageError(
      `--reduction ${reduction} leaves no image of ${dataset.name}, of which there are ${train.count} to train and ` +
        `${test.count} to test; give ${fewest} at most.`,
    );
  }
  const size = sizeOf(dataset.imageShape);
  const part = ({ images, labels, count }: ImageSet): ImageSet => {
    const left = Math.floor(count / reduction);
    return { images: images.subarray(0, left * size), labels: labels.subarray(0, left), count: left };
  };
  return { ...dataset, train: part(train), test: part(test) };
}
