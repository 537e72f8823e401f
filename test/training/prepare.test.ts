import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import type { Model } from '../../src/models/model.js';
import { vggModel } from '../../src/models/vgg.js';
import { preparation } from '../../src/training/prepare.js';

// One image in which every pixel is another: 8x8 of one channel, 1..64, and 0 is the padding.
const pixels = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
const dataset: Dataset = {
  name: 'ramp',
  imageShape: [8, 8, 1],
  classes: 10,
  mean: [0],
  std: [1],
  augmented: true,
  train: { images: pixels, labels: new Uint8Array(1), count: 1 },
  test: { images: pixels, labels: new Uint8Array(1), count: 1 },
};
const model: Model = vggModel({ layers: [16, 'pool'], batchNorm: true, hidden: 16 });
const sameImage = (count: number) => new Int32Array(count);

describe('augmentation', () => {
  const count = 4000;
  const { images = new Uint8Array() } = preparation(dataset, model, 1)(sameImage(count));
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
          const same = Array.from({ length: 64 }, (_, i) => at(image, i >> 3, i & 7) === expected(i >> 3, i & 7));
          if (same.every(Boolean)) return [flipped, down, right].join();
        }
      }
    }
    return undefined;
  }

  it('is a flip and a crop of the padded image, each as likely as the next', () => {
    const counts = new Map<string | undefined, number>();
    for (let image = 0; image < count; image++) counts.set(origin(image), (counts.get(origin(image)) ?? 0) + 1);
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
    const { masks = {} } = preparation(dataset, model, 1)(sameImage(1000));
    const [first, second] = Object.values(masks);
    const kept = first?.reduce((sum, bit) => sum + bit, 0) ?? 0;
    // 16,000 fair coins: standard deviation 63.
    expect(Math.abs(kept - 8000)).toBeLessThan(4 * 63);
    expect(first).not.toEqual(second);
  });
});

it('does not depend on how many steps go into a call, and does on the seed', () => {
  const whole = preparation(dataset, model, 7)(sameImage(30));
  const parts = preparation(dataset, model, 7);
  const [first, second] = [parts(sameImage(7)), parts(sameImage(23))];
  expect([...(first.images ?? []), ...(second.images ?? [])]).toEqual([...(whole.images ?? [])]);
  for (const [name, mask] of Object.entries(whole.masks ?? {})) {
    expect([...(first.masks?.[name] ?? []), ...(second.masks?.[name] ?? [])]).toEqual([...mask]);
  }
  expect(preparation(dataset, model, 8)(sameImage(30)).images).not.toEqual(whole.images);
});
