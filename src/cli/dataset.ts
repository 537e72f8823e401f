import { absentCifar10, cifar10In, loadCifar10, pythonFolder } from '../data/cifar10.js';
import type { Dataset } from '../data/dataset.js';
import { loadMnist, mnistIn } from '../data/mnist.js';
import { fetchCifar10Anywhere, type FetchOptions } from '../data/official.js';
import { syntheticCifar10 } from '../data/synthetic.js';
import { UsageError } from '../errors.js';
import type { ModelName } from '../models/models.js';
import { byteProgress } from './byte_progress.js';

export interface DatasetFlags {
  readonly model: ModelName;
  readonly data?: string;
  readonly synthetic: boolean;
  readonly seed: number;
  /** Whether nothing may be fetched. */
  readonly offline: boolean;
}

export interface DatasetTalk extends Pick<FetchOptions, 'signal' | 'onBytes'> {
  /** Says how data comes. */
  readonly say: (text: string) => void;
  readonly warn: (text: string) => void;
}

/**
 * The data that a model is trained on: MNIST, or CIFAR-10 for the VGGs, which is fetched where it is absent.
 *
 * @throws UsageError where the data is not what it should be, or absent and may not be fetched; RunFailure where it
 * cannot be fetched; the signal's reason once that is aborted.
 */
export async function loadDataset(
  { model, data, synthetic, seed, offline }: DatasetFlags,
  { say, warn, signal, onBytes }: DatasetTalk,
): Promise<Dataset> {
  const onMnist = model === 'logreg' || model === 'mlp';
  if (synthetic) {
    if (onMnist)
      throw new UsageError(`--synthetic stands in for CIFAR-10; ${model} trains on MNIST, which comes along.`);
    return syntheticCifar10({ seed });
  }
  const directory = data ?? 'data';
  if (!onMnist && cifar10In(directory) === undefined) {
    if (offline) throw new UsageError(absentCifar10(directory));
    const python = pythonFolder(directory);
    if (python !== undefined) say(`${python} is CIFAR-10's Python version; the binary one is needed.`);
    await fetchCifar10Anywhere({ directory, signal, say, onBytes });
  }
  // A folder that was named must hold the data; the usual one may.
  const { dataset, folder, official } = onMnist
    ? loadMnist({ directory: data ?? mnistIn(directory) })
    : loadCifar10({ directory });
  if (!official) warn(`${folder} holds well-formed ${dataset.name} files that are not the official ones.`);
  return dataset;
}

/** As `loadDataset`, telling on standard error how it goes; undefined where an interrupt ended it. */
export async function loadDatasetAloud(
  flags: DatasetFlags & { readonly silent: boolean },
  signal: AbortSignal,
): Promise<Dataset | undefined> {
  return aloud(flags.silent, signal, (talk) => loadDataset(flags, talk));
}

/** Loads data, telling on standard error how it goes; undefined where an interrupt ended it. */
export async function aloud<T>(
  silent: boolean,
  signal: AbortSignal,
  load: (talk: DatasetTalk) => Promise<T>,
): Promise<T | undefined> {
  const quiet = { line: () => undefined, bytes: () => undefined, done: () => undefined };
  const { line, bytes, done } = silent ? quiet : byteProgress();
  const warn = (text: string) => {
    line(`warning: ${text}`);
  };
  try {
    return await load({ say: line, warn, signal, onBytes: bytes });
  } catch (error) {
    if (!signal.aborted) throw error;
    line('Interrupted. What has come is kept; run the command again to go on from there.');
    return undefined;
  } finally {
    done();
  }
}
