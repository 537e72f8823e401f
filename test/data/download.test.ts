import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { download, OutOfReach, type DownloadOptions } from '../../src/data/download.js';
import { RunFailure, UsageError } from '../../src/errors.js';
import { fileServer, type FileServer } from './file_server.js';

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24));
const md5 = createHash('md5').update(content).digest('hex');

let folder: string;
let server: FileServer;
let target: string;
let options: DownloadOptions;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-download-'));
  server = await fileServer({ '/file': content });
  target = join(folder, 'file');
  options = { url: `${server.url}/file`, target, md5, wayOut: 'Walk.' };
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const partial = () => readFileSync(`${target}.partial`);

function expectWhole(): void {
  expect(readFileSync(target).equals(content)).toBe(true);
  expect(existsSync(`${target}.partial`)).toBe(false);
}

test('makes the file and tells of every byte', async () => {
  const told: (readonly [number, number | undefined])[] = [];
  await download({ ...options, onBytes: (...bytes) => told.push(bytes) });
  expectWhole();
  expect(told[0]).toEqual([0, 300_000]);
  expect(told.at(-1)).toEqual([300_000, 300_000]);
});

describe('a connection that breaks', () => {
  let received: number;

  beforeEach(async () => {
    server.stopsAfter = 100_000;
    const broken = download(options);
    await expect(broken).rejects.toThrow(RunFailure);
    // What has been sent but not read when the connection breaks is lost, so that it may be fewer than 100,000 bytes.
    received = partial().length;
    await expect(broken).rejects.toThrow(`/file broke off after ${received} bytes: `);
    await expect(broken).rejects.toThrow(/Run the command again/);
    expect(existsSync(target)).toBe(false);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThanOrEqual(100_000);
    expect(partial().equals(content.subarray(0, received))).toBe(true);
    server.stopsAfter = Infinity;
  });

  test('is taken up where it broke', async () => {
    const told: number[] = [];
    await download({ ...options, onBytes: (received) => told.push(received) });
    expect(server.ranges).toEqual([undefined, `bytes=${received}-`]);
    expect(told[0]).toBe(received);
    expectWhole();
  });

  test('begins anew where the server takes no part requests', async () => {
    server.takesRanges = false;
    await download(options);
    expectWhole();
  });
});

test('a partial file that is whole only wants its check', async () => {
  writeFileSync(`${target}.partial`, content);
  await download(options);
  expect(server.ranges).toEqual(['bytes=300000-']);
  expectWhole();
});

test.each([
  ['other bytes from the server', Buffer.alloc(0), content.with(5, 1)],
  ['other bytes from before', Buffer.from('other'), content],
  ['too many bytes from before', Buffer.concat([content, content]), content],
])('%s are discarded, and the next time begins anew', async (_, before, served) => {
  writeFileSync(`${target}.partial`, before);
  server.files['/file'] = served;
  const wrong = download(options);
  await expect(wrong).rejects.toThrow(RunFailure);
  await expect(wrong).rejects.toThrow(`not ${md5}); it was discarded`);
  expect([existsSync(target), existsSync(`${target}.partial`)]).toEqual([false, false]);
  server.files['/file'] = content;
  await download(options);
  expectWhole();
});

test('a refusal is told, and what has come stays', async () => {
  writeFileSync(`${target}.partial`, 'some');
  const refused = download({ ...options, url: `${server.url}/nothing` });
  await expect(refused).rejects.toThrow(RunFailure);
  await expect(refused).rejects.toThrow(`${server.url}/nothing answers 404 Not Found. Walk.`);
  expect(partial().toString()).toBe('some');
});

test('a server out of reach is told, with the reason', async () => {
  const { url } = options;
  await server.close();
  await expect(download(options)).rejects.toThrow(RunFailure);
  await expect(download(options)).rejects.toThrow(
    `Cannot reach ${url}: connect ECONNREFUSED 127.0.0.1:${new URL(url).port}. Walk.`,
  );
});

test('an abort ends it at once and keeps what has come', async () => {
  server.stopsAfter = 50_000;
  server.stalls = true;
  const controller = new AbortController();
  const stopped = download({
    ...options,
    signal: controller.signal,
    onBytes: (received) => {
      if (received === 50_000) controller.abort();
    },
  });
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(partial().equals(content.subarray(0, 50_000))).toBe(true);
});

test.each([
  [503, 'answers 503 Service Unavailable. Walk.'],
  [407, 'no reason is given, as where a proxy asks for a password (HTTP 407). Walk.'],
])('a refusal with %i is told as such', async (status, message) => {
  server.refusal = status;
  const refused = download({ ...options, url: `${server.url}/nothing` });
  await expect(refused).rejects.toThrow(OutOfReach);
  await expect(refused).rejects.toThrow(message);
});

describe('a silent server', () => {
  test('that never answers is given up', async () => {
    server.ignores = true;
    const failed = download({ ...options, patience: 200 });
    await expect(failed).rejects.toThrow(OutOfReach);
    await expect(failed).rejects.toThrow('/file: nothing came for 0.2 s. Walk.');
  });

  test('that stops within the file is given up, and what has come is kept', async () => {
    server.stopsAfter = 50_000;
    server.stalls = true;
    const failed = download({ ...options, patience: 200 });
    await expect(failed).rejects.toThrow(RunFailure);
    await expect(failed).rejects.toThrow('broke off after 50000 bytes: nothing came for 0.2 s. Run the command again');
    expect(partial().length).toBe(50_000);
  });
});

test('faults of the disk are told as the disk’s', async () => {
  mkdirSync(target);
  const failed = download(options);
  await expect(failed).rejects.toThrow(UsageError);
  await expect(failed).rejects.toThrow(`Cannot write ${target}: `);
  const absent = download({ ...options, target: join(folder, 'absent', 'file') });
  await expect(absent).rejects.toThrow(UsageError);
  await expect(absent).rejects.toThrow(/^Cannot write .*absent\/file\.partial: no such file or directory\. Choose/);
});
