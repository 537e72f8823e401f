import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { unpackTar } from 'modern-tar/fs';
import { RunFailure, UsageError } from '../errors.js';
import { cifar10Archive, cifar10Folder } from './cifar10.js';
import { download, md5Of, type DownloadOptions } from './download.js';
import { findCifar10, findMnist, type Found } from './inventory.js';

export interface FetchOptions extends Pick<DownloadOptions, 'signal' | 'onBytes'> {
  /** The data folder; it is made where it is missing. */
  readonly directory: string;
  /** Another address: of the CIFAR-10 archive, or of the folder of the four MNIST files. */
  readonly url?: string | undefined;
  /** Is told what is going on, in lines. */
  readonly say?: (text: string) => void;
}

/**
 * Puts the official CIFAR-10 into `<directory>/cifar-10-batches-bin`: from the archive `cifar-10-binary.tar.gz` in the
 * directory, where somebody laid it, or else from the network. The folder appears only once it is whole.
 *
 * @returns the folder.
 * @throws UsageError where other files of that name are in the directory; they are left as they are.
 * @throws RunFailure where the download or the unpacking fails.
 */
export async function fetchCifar10(
  options: FetchOptions & {
    /** MD5 of the archive at `url`, where somebody packed it anew. */
    readonly md5?: string | undefined;
  },
): Promise<string> {
  const {
    directory,
    url = cifar10Archive.url,
    md5 = cifar10Archive.md5,
    signal,
    onBytes,
    say = () => undefined,
  } = options;
  const there = officialFolder(findCifar10(directory));
  if (there !== undefined) return there;
  makeFolder(directory);
  const archive = join(directory, basename(cifar10Archive.url));
  const carried = existsSync(archive);
  if (carried) {
    const found = await md5Of(archive, signal);
    if (found !== md5) throw new UsageError(`${archive} has the MD5 ${found}; expected ${md5}. Take it away.`);
  } else {
    say(`Fetching ${url}`);
    await download({ url, target: archive, md5, signal, onBytes });
  }
  say(`Unpacking ${archive}`);
  const folder = join(directory, cifar10Folder);
  await unpack(archive, folder, signal);
  if (!carried) await rm(archive);
  return folder;
}

/**
 * Puts the official MNIST into `<directory>/MNIST/raw`, as torchvision lays it. The folder appears only once it is whole.
 *
 * @returns the folder.
 * @throws UsageError, RunFailure as `fetchCifar10`.
 */
export async function fetchMnist(options: FetchOptions): Promise<string> {
  const { directory, url = mnistUrl, signal, onBytes, say = () => undefined } = options;
  const there = officialFolder(findMnist(directory));
  if (there !== undefined) return there;
  const folder = join(directory, 'MNIST', 'raw');
  const aside = `${folder}.partial`;
  makeFolder(aside);
  for (const [name, md5] of Object.entries(mnistFiles)) {
    const target = join(aside, name);
    if (existsSync(target)) continue;
    const address = `${url.replace(/\/$/, '')}/${name}`;
    say(`Fetching ${address}`);
    await download({ url: address, target, md5, signal, onBytes });
  }
  await putInPlace(aside, folder);
  return folder;
}

/** Where torchvision has them from: the authors' own site turns downloads away. */
const mnistUrl = 'https://ossci-datasets.s3.amazonaws.com/mnist';
const mnistFiles = {
  'train-images-idx3-ubyte.gz': 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
  'train-labels-idx1-ubyte.gz': 'd53e105ee54ea40749a09fcbcd1e9432',
  't10k-images-idx3-ubyte.gz': '9fb629c4189551a2d022fa330f9573f3',
  't10k-labels-idx1-ubyte.gz': 'ec29112dd5afa0611ce80d1b7f02629c',
} as const;

function officialFolder(found: Found | undefined): string | undefined {
  if (found === undefined || found.official) return found?.folder;
  const fault = found.fault ?? 'its files are not the official ones';
  throw new UsageError(
    `There is a ${found.name} in ${found.folder} already (${fault}). Move it away, or name another folder with --data.`,
  );
}

/** Unpacks the CIFAR-10 files of an archive aside, then puts them in their place at once. */
async function unpack(archive: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const aside = `${folder}.partial`;
  await rm(aside, { recursive: true, force: true });
  const isOurs = ({ name, type }: { name: string; type?: string }) =>
    type === 'file' && /^cifar-10-batches-bin\/\w[\w.]*$/.test(name);
  try {
    const files = unpackTar(aside, { strict: true, filter: isOurs });
    await pipeline(createReadStream(archive), createGunzip(), files, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new RunFailure(`Cannot unpack ${archive}: ${(error as Error).message}.`);
  }
  const found = findCifar10(join(aside, cifar10Folder));
  if (found?.images === undefined) {
    throw new RunFailure(`${archive} holds no whole CIFAR-10 (${found?.fault ?? 'none of its files'}).`);
  }
  await putInPlace(join(aside, cifar10Folder), folder);
  await rm(aside, { recursive: true });
}

async function putInPlace(aside: string, folder: string): Promise<void> {
  try {
    await rename(aside, folder);
  } catch (error) {
    throw new UsageError(`Cannot put the files into ${folder}: ${(error as Error).message}. Move away what is there.`);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UsageError(`Cannot write to the folder ${path}: ${(error as Error).message}; name another with --data.`);
  }
}
