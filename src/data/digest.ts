import { createHash } from 'node:crypto';
import type { Dataset } from './dataset.js';

/** SHA-256 of what a run sees of a data set: the images and labels, in their order and shape. */
export function datasetDigest({ imageShape, train, test }: Dataset): string {
  const hash = createHash('sha256').update(JSON.stringify([imageShape, train.count, test.count]));
  for (const { images, labels } of [train, test]) hash.update(images).update(labels);
  return hash.digest('hex');
}
