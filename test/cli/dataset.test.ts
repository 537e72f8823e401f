import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { put } from '../data/cifar10_files.js';
import { hypergrad } from './hypergrad.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-dataset-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

const train = (...flags: string[]) => hypergrad(['train', '--iterations', '2', ...flags], { cwd: folder });

/** MNIST's files with three blank images to train and to test. */
function small(): Record<string, Uint8Array> {
  const images = Buffer.concat([
    Buffer.from([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28]),
    Buffer.alloc(3 * 784),
  ]);
  const labels = Buffer.from([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]);
  const sets = ['train', 't10k'].map((set) => [
    [`${set}-images-idx3-ubyte`, images],
    [`${set}-labels-idx1-ubyte`, labels],
  ]);
  return Object.fromEntries(sets.flat() as [string, Uint8Array][]);
}

describe('MNIST', () => {
  it('of a folder that is named must be there', async () => {
    const { code, stderr } = await train('--data', '.');
    expect(stderr).toMatch(/^error: The data folder \. holds no MNIST: none of train-images-idx3-ubyte, .*\.\n$/);
    expect(code).toBe(2);
  });

  it('comes along where none is named, be there a file called data or a folder without it', async () => {
    writeFileSync(join(folder, 'data'), '');
    const beside = await train();
    rmSync(join(folder, 'data'));
    put(join(folder, 'data'), { notes: Buffer.from('mine') });
    const within = await train();
    expect([beside.code, within.code]).toEqual([0, 0]);
    expect(beside.stderr + within.stderr).not.toMatch(/warning|error/);
  });

  it('that is not the official one is warned of, but not under --silent', async () => {
    put(join(folder, 'data'), small());
    const { code, stderr } = await train('--batchSize', '3');
    expect(stderr).toContain('warning: data holds well-formed MNIST files that are not the official ones.\n');
    expect(code).toBe(0);
    expect(await train('--batchSize', '3', '--silent')).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('CIFAR-10', () => {
  it.each([
    ['--offline', ['--offline'], undefined],
    ['HYPERGRAD_OFFLINE', [], '1'],
  ])('is not fetched with %s', async (_, flags, value) => {
    vi.stubEnv('HYPERGRAD_OFFLINE', value);
    const { code, stderr } = await train('--model', 'vgg', ...flags);
    expect(stderr).toMatch(/^error: There is no CIFAR-10 in data; fetch it with 'hypergrad data cifar10' or .*\.\n$/);
    expect(code).toBe(2);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  it('in its Python version is told to be that', async () => {
    put(join(folder, 'data', 'cifar-10-batches-py'), { data_batch_1: Buffer.from('pickle') });
    const { stderr } = await train('--model', 'vgg', '--offline');
    expect(stderr).toMatch(/no CIFAR-10 in data \(data.cifar-10-batches-py is its Python version, which is not read/);
  });

  it('whose folder cannot be written to fails in a line, as the disk’s fault', async () => {
    writeFileSync(join(folder, 'data'), '');
    const { code, stderr } = await train('--model', 'vgg');
    expect(stderr).toMatch(/^error: Cannot write to the folder data: .*; name another with --data\.\n$/);
    expect(code).toBe(2);
    expect(readdirSync(folder)).toEqual(['data']);
  });
});
