import { describe, expect, it } from 'vitest';
import { prepare, type Ingredients } from '../../src/training/prepare.js';

// An image in which every pixel is another: 8x8 of one channel, 1..64, and 0 is the padding.
const pixels = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
const count = 4000;
const ingredients: Ingredients = {
  seed: 1,
  index: 0,
  images: Uint8Array.from({ length: count * 64 }, (_, i) => pixels[i % 64]!),
  imageShape: [8, 8, 1],
  masks: { one: 16_000, other: 16_000 },
};
const { images = new Uint8Array(), masks } = prepare(ingredients);

describe('augmentation', () => {
  const at = (image: number, y: number, x: number) => images[image * 64 + y * 8 + x] ?? 0;

  /** The crop and flip that made an image: the one of all 162 whose pixels are the same. */
  function origin(image: number): string | undefined {
    for (const flipped of [false, true]) {
      for (let down = -4; down <= 4; down++) {
        for (let right = -4; right <= 4; right++) {
          const expected = (y: number, x: number) => {
            const [row, column] = [y + down, x + right];
            if (row < 0 || row > 7 || column < 0 || column > 7) return 0;
            return pixels[row * 8 + (flipped ? 7 - column : column)];
          };
          const same = pixels.every((_, i) => at(image, i >> 3, i & 7) === expected(i >> 3, i & 7));
          if (same) return [flipped, down, right].join();
        }
      }
    }
    return undefined;
  }

  it('is a flip and a crop of the padded image, each as likely as the next', () => {
    const counts = new Map<string | undefined, number>();
    for (let image = 0; image < count; image++) {
      const found = origin(image);
      counts.set(found, (counts.get(found) ?? 0) + 1);
    }
    expect(counts.has(undefined)).toBe(false);
    expect(counts.size).toBe(162);
    // Chi-squared with 161 degrees of freedom: mean 161, standard deviation 18; the seed is fixed.
    const expected = count / 162;
    const chiSquared = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeGreaterThan(161 - 4 * 18);
    expect(chiSquared).toBeLessThan(161 + 4 * 18);
  });
});

describe('masks', () => {
  it('keep half, and differ from one another', () => {
    for (const mask of Object.values(masks)) {
      expect(mask).toHaveLength(16_000);
      const kept = mask.reduce((sum, bit) => sum + bit, 0);
      // 16,000 fair coins: standard deviation 63.
      expect(Math.abs(kept - 8000)).toBeLessThan(4 * 63);
    }
    expect(agreement(masks.one, masks.other)).toBeLessThan(8000 + 4 * 63);
  });
});

describe('a mini-batch', () => {
  it('is the same, whenever it is prepared', () => {
    const again = prepare(ingredients);
    expect(Buffer.compare(again.images ?? new Uint8Array(), images)).toBe(0);
    expect(again.masks).toEqual(masks);
  });

  it.each([
    ['the next one', { index: 1 }],
    ['that of another seed', { seed: 2 }],
    // Were the streams seeded by the sum of seed and index, these would be one.
    ['that of another seed, as much later', { seed: 0, index: 1 }],
  ])('has nothing in common with %s', (_, other) => {
    const different = prepare({ ...ingredients, ...other });
    // Of 4,000 images, one in 162 is moved alike by chance: 24.7, standard deviation 5; of 16,000 coins, half fall alike.
    const alike = Array.from(
      { length: count },
      (_, i) => Buffer.compare(image(images, i), image(different.images, i)) === 0,
    ).filter(Boolean);
    expect(alike.length).toBeLessThan(25 + 4 * 5);
    expect(agreement(masks.one, different.masks.one)).toBeLessThan(8000 + 4 * 63);
  });

  it('without images to augment has masks alone', () => {
    expect(prepare({ ...ingredients, images: undefined, masks: { one: 16_000 } })).toEqual({
      images: undefined,
      masks: { one: masks.one },
    });
  });
});

function image(all: Uint8Array | undefined, i: number): Uint8Array {
  return all?.subarray(i * 64, (i + 1) * 64) ?? new Uint8Array();
}

function agreement(one: Uint8Array | undefined, other: Uint8Array | undefined): number {
  return one?.reduce((sum, bit, i) => sum + (bit === other?.[i] ? 1 : 0), 0) ?? Number.NaN;
}
