import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readIdx } from '../../src/data/idx.js';
import { UsageError } from '../../src/errors.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-idx-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

function file(...bytes: number[]): string {
  return fileOf(Buffer.from(bytes));
}

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, 'some-idx');
  writeFileSync(path, bytes);
  return path;
}

const twoByThree = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255];

test('reads shape and bytes', () => {
  const { shape, data } = readIdx(file(...twoByThree));
  expect(shape).toEqual([2, 3]);
  expect([...data]).toEqual([1, 2, 3, 4, 5, 255]);
});

test('reads lengths as big-endian', () => {
  const bytes = Buffer.alloc(8 + 0x010203, 7);
  bytes.set([0, 0, 8, 1, 0, 1, 2, 3]);
  expect(readIdx(fileOf(bytes)).shape).toEqual([0x010203]);
});

test('reads a gzip file whatever its name', () => {
  expect(readIdx(fileOf(gzipSync(Buffer.from(twoByThree))))).toEqual(readIdx(file(...twoByThree)));
});

test.each([
  ['an empty file', [], 'is not an IDX file: it is empty'],
  ['another format', [0x89, 0x50, 0x4e, 0x47, 0x0d], 'is not an IDX file: it begins with the bytes 89 50 4e 47;'],
  ['an unknown type', [0, 0, 7, 1, 0, 0, 0, 0], 'is not an IDX file: it begins with the bytes 00 00 07 01'],
  ['floats', [0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0], 'holds 32-bit floats; expected an IDX file of unsigned bytes.'],
  ['a header cut short', twoByThree.slice(0, 11), 'is cut short: the header of 2 dimensions takes 12 bytes, it has 11'],
  ['data cut short', twoByThree.slice(0, -1), 'is cut short: its header announces 2 x 3 = 6 bytes of data, it has 5'],
  ['surplus data', [...twoByThree, 0], 'has surplus bytes at its end: its header announces 2 x 3 = 6 bytes of data'],
  ['a gzip file cut short', [...gzipSync(Buffer.from(twoByThree)).subarray(0, -12)], 'is a damaged gzip file'],
])('refuses %s', (_, bytes, message) => {
  const path = file(...bytes);
  expect(() => readIdx(path)).toThrow(UsageError);
  expect(() => readIdx(path)).toThrow(`${path} ${message}`);
});

test('refuses what cannot be read', () => {
  expect(() => readIdx(folder)).toThrow(UsageError);
  expect(() => readIdx(join(folder, 'absent'))).toThrow(`Cannot read ${join(folder, 'absent')}: ENOENT`);
});
