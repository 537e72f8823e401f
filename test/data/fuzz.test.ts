import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadCifar10 } from '../../src/data/cifar10.js';
import { convertPackage } from '../../src/data/cifar10_npm.js';
import { readIdx } from '../../src/data/idx.js';
import { fetchCifar10 } from '../../src/data/official.js';
import { RunFailure, UsageError } from '../../src/errors.js';
import { mt19937, type RandomSource } from '../../src/random/mt19937.js';
import { spoiled } from '../spoiled.js';
import { cifar10Archive, cifar10Files, packageFiles, put } from './cifar10_files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-fuzz-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

/** Does it so often with spoiled bytes: it works, or ends with one of our errors that names a file of the folder. */
async function expectNamed(count: number, names: RegExp, attempt: (source: RandomSource) => unknown): Promise<void> {
  let refused = 0;
  const source = mt19937(1);
  for (let i = 0; i < count; i++) {
    try {
      await attempt(source);
    } catch (error) {
      refused++;
      if (!(error instanceof UsageError || error instanceof RunFailure)) throw error;
      expect(error.message).toMatch(names);
      expect(error.message).not.toContain('\n');
    }
  }
  expect(refused).toBeGreaterThan(count / 10);
  expect(refused).toBeLessThanOrEqual(count);
}

describe('damaged files are read, or refused by name:', () => {
  const idx = Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 7]), Buffer.alloc(70, 9)]);

  test.each([
    ['IDX', idx],
    ['IDX in gzip', gzipSync(idx)],
  ])('%s, 2,000', async (_, bytes) => {
    const path = join(folder, 'some-idx');
    await expectNamed(2000, /some-idx/, (source) => {
      writeFileSync(path, spoiled(bytes, source));
      const { shape, data } = readIdx(path);
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
    });
  });

  test('CIFAR-10, 1,000', async () => {
    const files = cifar10Files(2);
    put(folder, files);
    await expectNamed(1000, /data_batch_2\.bin/, (source) => {
      put(folder, { 'data_batch_2.bin': spoiled(files['data_batch_2.bin']!, source) });
      loadCifar10({ directory: folder });
    });
  });

  test('the archive, 400 of its tar and 100 of its gzip', async () => {
    const archive = await cifar10Archive(cifar10Files(1));
    const tar = gunzipSync(archive);
    const unpack = async (bytes: Uint8Array) => {
      rmSync(join(folder, 'data'), { recursive: true, force: true });
      put(join(folder, 'data'), { 'cifar-10-binary.tar.gz': bytes });
      const md5 = createHash('md5').update(bytes).digest('hex');
      await fetchCifar10({ directory: join(folder, 'data'), md5 });
    };
    await expectNamed(400, /cifar-10-binary\.tar\.gz/, (source) =>
      unpack(gzipSync(spoiled(tar, source), { level: 1 })),
    );
    await expectNamed(100, /cifar-10-binary\.tar\.gz/, (source) => unpack(spoiled(archive, source)));
  });

  test('the images and labels of the package, 400', async () => {
    const files = packageFiles(cifar10Files(1));
    const from = join(folder, 'package');
    await expectNamed(400, /data_batch_1\.png|train_lables\.json/, async (source) => {
      const name = source.next() % 2 === 0 ? 'data_batch_1.png' : 'train_lables.json';
      put(from, { ...files, [name]: spoiled(files[name]!, source) });
      await convertPackage(from, join(folder, 'binary'));
    });
  });
});
