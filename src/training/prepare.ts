import { mt19937Keyed, type RandomSource } from '../random/mt19937.js';

/** What a mini-batch is prepared from: nothing but data, so that a thread can be handed it. */
export interface Ingredients {
  readonly seed: number;
  /** Which of the run's mini-batches, from 0. */
  readonly index: number;
  /** Pixels to augment, 0..255, shape [batchSize, ...imageShape]; undefined where they stay as they are. */
  readonly images: Uint8Array<ArrayBuffer> | undefined;
  /** Height, width and channels. */
  readonly imageShape: readonly number[];
  /** Figures in each mask, by name. */
  readonly masks: Readonly<Record<string, number>>;
}

export interface Prepared {
  readonly images: Uint8Array | undefined;
  /** 0 or 1. */
  readonly masks: Readonly<Record<string, Uint8Array>>;
}

/**
 * Augments images and draws dropout masks. In the reference these random numbers came from worker processes without a
 * seed, and from a GPU's generator; here each mini-batch has streams of its own, made from the seed, so that the numbers depend neither
 * on who prepares it nor on when.
 */
export function prepare({ seed, index, images, imageShape, masks }: Ingredients): Prepared {
  const stream = (kind: number) => mt19937Keyed([seed, kind, index]);
  return {
    images: images && augmented(images, imageShape, stream(0)),
    masks: Object.fromEntries(Object.entries(masks).map(([name, size], i) => [name, coins(size, stream(1 + i))])),
  };
}

/** Pixels of padding on each side before the crop. */
const padding = 4;

/** Flips each image with probability 1/2, pads it with black, and crops it to its size at random. */
function augmented(originals: Uint8Array, imageShape: readonly number[], source: RandomSource): Uint8Array {
  const [height = 0, width = 0, channels = 0] = imageShape;
  const images = new Uint8Array(originals.length);
  for (let start = 0; start < images.length; start += height * width * channels) {
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
