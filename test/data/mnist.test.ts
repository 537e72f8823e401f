import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isOfficialMnist, loadMnist, mnistIn } from '../../src/data/mnist.js';
import { UsageError } from '../../src/errors.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { permutation, uniform } from '../../src/random/torch.js';

describe('the MNIST that comes along', () => {
  const { train, test: held, ...about } = loadMnist().dataset;

  test('holds 60,000 images to train and 10,000 to test', () => {
    expect(about).toEqual({
      name: 'MNIST',
      imageShape: [28, 28],
      classes: 10,
      mean: [0.1307],
      std: [0.3081],
      augmented: false,
    });
    for (const [set, count] of [
      [train, 60_000],
      [held, 10_000],
    ] as const) {
      expect(set.count).toBe(count);
      expect(set.labels.length).toBe(count);
      expect(set.images.length).toBe(count * 784);
    }
    expect([...train.labels.subarray(0, 8)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
  });

  test('has the mean and deviation that it is normalised with', () => {
    const counts = new Uint32Array(256);
    train.images.forEach((pixel) => counts[pixel]!++);
    const average = (of: (value: number) => number) =>
      counts.reduce((sum, count, pixel) => sum + count * of(pixel / 255), 0) / train.images.length;
    const mean = average((value) => value);
    const std = Math.sqrt(average((value) => (value - mean) ** 2));
    // The constants are given to four decimals.
    expect(Math.abs(mean - about.mean[0]!)).toBeLessThan(5e-5);
    expect(Math.abs(std - about.std[0]!)).toBeLessThan(5e-5);
  });

  test('with the streams of seed 1 gives the loss of the published logistic regression, row 0', () => {
    const source = mt19937(1);
    const weight = uniform(source, 7840, -1 / 28, 1 / 28);
    const bias = uniform(source, 10, -1 / 28, 1 / 28);
    const batch = permutation(source, train.count).subarray(0, 128);
    const losses = Array.from(batch, (sample) => {
      const image = train.images.subarray(sample * 784, (sample + 1) * 784);
      const logits = Array.from(bias, (b, k) =>
        image.reduce((sum, pixel, i) => sum + weight[k * 784 + i]! * ((pixel / 255 - 0.1307) / 0.3081), b),
      );
      return Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0)) - logits[train.labels[sample]!]!;
    });
    const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
    // Theirs is a float32 sum of products, this a float64 one: the last place of a float32 near 2 is 2.4e-7.
    expect(Math.abs(loss - 2.2260472774505615)).toBeLessThan(4e-7);
  });
});

describe('a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypergrad-mnist-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, maxRetries: 10 });
  });

  const names = [
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ];
  type Contents = Readonly<Record<string, Uint8Array>>;

  /** Three images to train, whose pixels are 1, 2, 3; two to test, 4 and 5. */
  function small(): Contents {
    const contents = [images(1, 2, 3), labels(7, 8, 9), images(4, 5), labels(0, 1)];
    return Object.fromEntries(names.map((name, i) => [name, contents[i]!]));
  }

  function images(...values: number[]): Uint8Array {
    return Buffer.from([
      0,
      0,
      8,
      3,
      0,
      0,
      0,
      values.length,
      0,
      0,
      0,
      28,
      0,
      0,
      0,
      28,
      ...values.flatMap((v) => Array<number>(784).fill(v)),
    ]);
  }

  function labels(...values: number[]): Uint8Array {
    return Buffer.from([0, 0, 8, 1, 0, 0, 0, values.length, ...values]);
  }

  function put(contents: Contents, subfolder = ''): void {
    mkdirSync(join(folder, subfolder), { recursive: true });
    for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(folder, subfolder, name), bytes);
  }

  function expectSmall(): void {
    const { train, test } = loadMnist({ directory: folder }).dataset;
    expect([train.count, [...train.labels], train.images[784]]).toEqual([3, [7, 8, 9], 2]);
    expect([test.count, [...test.labels], test.images.at(-1)]).toEqual([2, [0, 1], 5]);
  }

  test('gives its own files', () => {
    put(small());
    expectSmall();
  });

  test.each(['raw', 'MNIST/raw'])('gives the files in %s', (subfolder) => {
    put(small(), subfolder);
    expectSmall();
  });

  test('gives gzip files and names with a dot', () => {
    const entries = Object.entries(small());
    put(
      Object.fromEntries(
        entries.map(([name, bytes], i) =>
          i % 2 ? [`${name}.gz`, gzipSync(bytes)] : [name.replace('-idx', '.idx'), bytes],
        ),
      ),
    );
    expectSmall();
  });

  test('whose files each lie in a folder of their name gives those', () => {
    for (const [name, bytes] of Object.entries(small())) {
      put({ [name.startsWith('t10k') ? name.replace('-idx', '.idx') : name]: bytes }, name);
    }
    expectSmall();
  });

  test('without any of the files is refused, and says what was looked for', () => {
    put({ 'README.md': Buffer.from('nothing') });
    const load = () => loadMnist({ directory: folder });
    expect(load).toThrow(UsageError);
    expect(load).toThrow(
      /holds no MNIST: none of train-images-idx3-ubyte, .* nor below MNIST\/raw or raw\. Name another/,
    );
    expect(mnistIn(folder)).toBeUndefined();
  });

  test('is not taken for the official one, whose images alone may differ', () => {
    put(small());
    expect(loadMnist({ directory: folder })).toMatchObject({ folder, official: false });
    const { dataset } = loadMnist();
    expect(isOfficialMnist(dataset)).toBe(true);
    const { images, ...rest } = dataset.test;
    expect(isOfficialMnist({ ...dataset, test: { ...rest, images: images.with(400, 1) } })).toBe(false);
  });

  test('that is missing, or a file, is refused', () => {
    const absent = join(folder, 'absent');
    expect(() => loadMnist({ directory: absent })).toThrow(`The data folder ${absent} does not exist`);
    put({ absent: Buffer.from('') });
    expect(() => loadMnist({ directory: absent })).toThrow(UsageError);
    expect(() => loadMnist({ directory: join(absent, 'below') })).toThrow('does not exist');
  });

  test('with some of the files is refused', () => {
    const rest = Object.entries(small()).filter(([name]) => name.includes('images'));
    put(Object.fromEntries(rest));
    expect(() => loadMnist({ directory: folder })).toThrow(
      'missing: train-labels-idx1-ubyte, t10k-labels-idx1-ubyte (',
    );
  });

  test.each([
    [
      'labels for images',
      { 'train-images-idx3-ubyte': labels(1, 2, 3) },
      'train-images-idx3-ubyte holds data of shape [3]; expected images',
    ],
    [
      'images for labels',
      { 't10k-labels-idx1-ubyte': images(1, 2) },
      't10k-labels-idx1-ubyte holds data of shape [2, 28, 28]; expected labels',
    ],
    [
      'the test images for the training images',
      { 'train-images-idx3-ubyte': images(4, 5) },
      'train-images-idx3-ubyte holds 2 images, but',
    ],
    ['no images', { 'train-images-idx3-ubyte': images() }, 'holds data of shape [0, 28, 28]'],
    [
      'images of another size',
      { 'train-images-idx3-ubyte': Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9]) },
      'holds data of shape [1, 1, 2]',
    ],
    [
      'labels beyond 9',
      { 'train-labels-idx1-ubyte': labels(7, 8, 10) },
      'train-labels-idx1-ubyte holds the label 10; expected digits',
    ],
  ])('with %s is refused', (_, wrong, message) => {
    put({ ...small(), ...wrong });
    expect(() => loadMnist({ directory: folder })).toThrow(UsageError);
    expect(() => loadMnist({ directory: folder })).toThrow(message);
  });
});
