import { describe, expect, test } from 'vitest';
import type { ImageSet } from '../../src/data/dataset.js';
import { syntheticCifar10 } from '../../src/data/synthetic.js';

const { train, test: held, ...about } = syntheticCifar10({ seed: 1, train: 800, test: 300 });

test('looks like CIFAR-10 to what reads it', () => {
  expect(about).toEqual({
    name: 'synthetic CIFAR-10',
    imageShape: [32, 32, 3],
    classes: 10,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    augmented: true,
  });
  for (const [set, count] of [
    [train, 800],
    [held, 300],
  ] as const) {
    expect([set.count, set.labels.length, set.images.length]).toEqual([count, count, count * 3072]);
    expect([...new Set(set.labels)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});

describe('the images', () => {
  test('follow from the seed alone, and fewer are the first of more', () => {
    const fewer = syntheticCifar10({ seed: 1, train: 20, test: 10 });
    expect(Buffer.compare(fewer.train.images, train.images.subarray(0, 20 * 3072))).toBe(0);
    expect(Buffer.compare(fewer.test.images, held.images.subarray(0, 10 * 3072))).toBe(0);
    expect([...fewer.train.labels]).toEqual([...train.labels.subarray(0, 20)]);
    const other = syntheticCifar10({ seed: 2, train: 20, test: 10 });
    expect(Buffer.compare(other.train.images, fewer.train.images)).not.toBe(0);
  });

  test('spread over the range of a pixel as photographs do', () => {
    const average = (of: (pixel: number) => number) =>
      train.images.reduce((sum, pixel) => sum + of(pixel), 0) / train.images.length;
    const mean = average((pixel) => pixel);
    const deviation = Math.sqrt(average((pixel) => (pixel - mean) ** 2));
    // CIFAR-10: 121 and 64.
    expect(Math.abs(mean - 121)).toBeLessThan(10);
    expect(deviation).toBeGreaterThan(40);
    expect(deviation).toBeLessThan(70);
  });

  test('are told apart by their waves, but not by the pixels of their mean image', () => {
    // Of 300 guesses, 10 % are right by chance, with a deviation of 1.7 %.
    expect(accuracy(pixels)).toBeLessThan(0.35);
    expect(accuracy(spectrum)).toBeGreaterThan(0.8);
  });
});

/** Share of the test images that are nearest to the mean training image of their class, by the given features. */
function accuracy(features: (set: ImageSet, sample: number) => Float64Array): number {
  const length = features(train, 0).length;
  const means = Array.from({ length: 10 }, () => new Float64Array(length));
  const counts = new Float64Array(10);
  train.labels.forEach((label, sample) => {
    counts[label]!++;
    features(train, sample).forEach((value, i) => (means[label]![i]! += value));
  });
  means.forEach((mean, label) => mean.forEach((sum, i) => (mean[i] = sum / counts[label]!)));
  const right = [...held.labels].filter((label, sample) => {
    const found = features(held, sample);
    const distances = means.map((mean) => mean.reduce((sum, value, i) => sum + (value - found[i]!) ** 2, 0));
    return distances.indexOf(Math.min(...distances)) === label;
  });
  return right.length / held.count;
}

function pixels({ images }: ImageSet, sample: number): Float64Array {
  return Float64Array.from(images.subarray(sample * 3072, (sample + 1) * 3072));
}

const cosines = Float64Array.from({ length: 32 }, (_, part) => Math.cos((2 * Math.PI * part) / 32));

/** Of an angle in parts of 32 a turn. */
function cosine(angle: number): number {
  return cosines[angle & 31]!;
}

/** How strong each wave of up to 5 turns is in each colour, wherever it stands: what convolution and pooling can see. */
function spectrum({ images }: ImageSet, sample: number): Float64Array {
  const turns = 6;
  const strengths = new Float64Array(turns * turns * 3);
  for (let colour = 0; colour < 3; colour++) {
    // First along each row, then down.
    const rows = new Float64Array(32 * turns * 2);
    for (let row = 0; row < 32; row++) {
      for (let right = 0; right < turns; right++) {
        for (let column = 0; column < 32; column++) {
          const pixel = images[sample * 3072 + (row * 32 + column) * 3 + colour]!;
          const angle = right * column;
          rows[(row * turns + right) * 2]! += pixel * cosine(angle);
          rows[(row * turns + right) * 2 + 1]! += pixel * cosine(angle - 8);
        }
      }
    }
    for (let right = 0; right < turns; right++) {
      // Frequency 0 down is brightness, which is noise.
      for (let down = 1; down < turns; down++) {
        let [real, imaginary] = [0, 0];
        for (let row = 0; row < 32; row++) {
          const angle = down * row;
          const [c, s] = [rows[(row * turns + right) * 2]!, rows[(row * turns + right) * 2 + 1]!];
          real += c * cosine(angle) - s * cosine(angle - 8);
          imaginary += s * cosine(angle) + c * cosine(angle - 8);
        }
        strengths[(colour * turns + down) * turns + right] = Math.hypot(real, imaginary);
      }
    }
  }
  return strengths;
}
