import { rowsOf, sizeOf, type Dataset } from '../data/dataset.js';
import type { Batches } from '../engine/engine.js';
import type { Model } from '../models/model.js';
import { mt19937, type RandomSource } from '../random/mt19937.js';

/** Makes what a training call needs besides the rows. */
export type Preparation = (rows: Int32Array) => Pick<Batches, 'images' | 'masks'>;

/**
 * Augments images and draws dropout masks, in the order of the samples. In the reference these random numbers came from
 * worker processes and a GPU and are not known; here each kind has a stream of its own, made from the seed, so that the
 * numbers do not depend on how many steps go into a call.
 */
export function preparation(dataset: Dataset, model: Model, seed: number): Preparation {
  const ofImages = mt19937(seed + 0x1_0000);
  const masks = Object.entries(model.masks ?? {}).map(([name, shape], i) => {
    return { name, size: sizeOf(shape), source: mt19937(seed + 0x2_0000 + i) };
  });
  return (rows) => ({
    images: dataset.augmented ? augmented(dataset, rows, ofImages) : undefined,
    masks: Object.fromEntries(masks.map(({ name, size, source }) => [name, coins(rows.length * size, source)])),
  });
}

/** Pixels of padding on each side before the crop. */
const padding = 4;

/** Flips each image with probability 1/2, pads it with black, and crops it to its size at random. */
function augmented({ train, imageShape }: Dataset, rows: Int32Array, source: RandomSource): Uint8Array {
  const [height = 0, width = 0, channels = 0] = imageShape;
  const size = sizeOf(imageShape);
  const originals = rowsOf(train.images, rows, size);
  const images = new Uint8Array(originals.length);
  for (let start = 0; start < images.length; start += size) {
    const flipped = source.next() % 2 === 1;
    const down = (source.next() % (2 * padding + 1)) - padding;
    const right = (source.next() % (2 * padding + 1)) - padding;
    for (let y = Math.max(0, -down); y < Math.min(height, height - down); y++) {
      for (let x = Math.max(0, -right); x < Math.min(width, width - right); x++) {
        const column = flipped ? width - 1 - (x + right) : x + right;
        const from = start + ((y + down) * width + column) * channels;
        const to = start + (y * width + x) * channels;
        for (let channel = 0; channel < channels; channel++) images[to + channel] = originals[from + channel] ?? 0;
      }
    }
  }
  return images;
}

/** 0 or 1 with the same probability. */
function coins(count: number, source: RandomSource): Uint8Array {
  const tosses = new Uint8Array(count);
  for (let i = 0; i < count; i++) tosses[i] = source.next() >>> 31;
  return tosses;
}
