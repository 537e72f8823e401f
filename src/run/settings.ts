import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import type { EngineName } from '../engine/engines.js';
import type { ModelName } from '../models/models.js';
import type { Order } from '../optimizers/adam_hd.js';
import {
  has,
  numberOptionNames,
  specOf,
  type Method,
  type NumberOptionName,
  type OwnOption,
} from '../methods/table.js';
import type { HypergradOptimizer } from '../optimizers/rate.js';
import { datasetDigest } from '../data/digest.js';
import { resultPath } from '../results/path.js';
import { pythonExponent } from '../results/python.js';
import type { Identity, lengths, machinery, Setting } from '../results/record.js';
import { codeVersion } from '../version.js';

/** What a run is told to do, by the names of the command line. */
export interface Settings extends Partial<Readonly<Record<NumberOptionName, number>>> {
  readonly model: ModelName;
  readonly method: Method;
  readonly alpha_0: number;
  readonly beta: number;
  readonly mu: number;
  readonly weightDecay: number;
  readonly order: Order;
  readonly multiplicative: boolean;
  readonly lowerBound?: number;
  readonly clip?: number;
  readonly hypergradOptimizer: HypergradOptimizer;
  readonly batchSize: number;
  readonly epochs: number;
  readonly iterations: number;
  readonly lossThreshold: number;
  readonly reduction: number;
  readonly seed: number;
  readonly parallel: number;
  readonly synthetic: boolean;
  readonly engine: EngineName;
  readonly threads: number;
  readonly workers: number;
  readonly device: number;
}

/** What the published runs have in common, which is what holds where nothing else is given; no path names it. */
export const usual = {
  mu: 0.9,
  weightDecay: 0.0001,
  order: 'reference',
  multiplicative: false,
  lowerBound: null,
  clip: null,
  hypergradOptimizer: 'plain',
  batchSize: 128,
  lossThreshold: 0,
  reduction: 1,
  seed: 1,
  parallel: 1,
} as const satisfies Readonly<Record<PathSetting, Setting>>;

/** All but what a path has a place for, how far a run goes, and what no row depends on. */
type PathSetting = Exclude<
  keyof Settings,
  | NumberOptionName
  | 'model'
  | 'method'
  | 'alpha_0'
  | 'beta'
  | 'synthetic'
  | 'engine'
  | (typeof lengths)[number]
  | (typeof machinery)[number]
>;

/** A null stands for a setting that is off; the compiler sees to it that none is forgotten. */
type Resolved = Readonly<
  Record<Exclude<keyof Settings, 'engine' | NumberOptionName>, Setting> & Partial<Record<NumberOptionName, Setting>>
>;

/** What a run is, to be told from others. */
export function identityOf(settings: Settings, circumstances: Circumstances): Identity {
  return { settings: resolved(settings), ...circumstances };
}

/** What a run is besides its settings. */
export type Circumstances = Omit<Identity, 'settings'>;

export function circumstancesOf(dataset: Dataset, engine: Engine): Circumstances {
  const { name, train, test } = dataset;
  return {
    engine: { name: engine.name, version: engine.version },
    data: { name, digest: digestOf(dataset), train: train.count, test: test.count },
    code: codeVersion(),
  };
}

/**
 * The file of a run's results where train.py has it: `<dir>/<model>/<alpha_0>_<beta>/<method>.csv`. Runs with other seeds
 * or batch sizes, or rates that differ in their second digit, have the same.
 */
export function targetOf(settings: Settings, dir: string): string {
  return resultPath(pathOptions(settings, dir));
}

/**
 * The file of a run's results in a sweep: as `targetOf`, with a folder before the file's name that tells each setting that is
 * not the usual one, and each rate that has more than one digit: `alpha_0=0.0014_seed=2`. So the paths of two runs that
 * would give other rows differ, but for their engine, their data and the version of the program.
 */
export function sweepTargetOf(settings: Settings, dir: string): string {
  const { alpha_0, beta } = settings;
  const rounded = Object.entries({ alpha_0, beta }).filter(([, rate]) => Number(pythonExponent(rate)) !== rate);
  const unusual = [...(Object.keys(usual) as PathSetting[]), ...numberOptionNames].flatMap(
    (name): [string, Setting][] => {
      const value = settings[name] ?? null;
      return value === usualOf(settings.method, name) ? [] : [[name, value]];
    },
  );
  return resultPath({ ...pathOptions(settings, dir), besides: Object.fromEntries([...rounded, ...unusual]) });
}

/** What no path names: what a method of its own has by default, or the published runs have in common. */
function usualOf(method: Method, name: PathSetting | NumberOptionName): Setting {
  const own = specOf(method).options[name as OwnOption];
  return own ?? (Object.hasOwn(usual, name) ? usual[name as PathSetting] : null);
}

function pathOptions({ model, method, alpha_0: alpha0, beta, synthetic }: Settings, directory: string) {
  // Results of made-up images must never pass for real ones.
  const { published } = specOf(method);
  return {
    directory,
    model: synthetic ? `${model}_synthetic` : model,
    method,
    ...((published === true || has(method, 'alpha_0')) && { alpha0 }),
    ...((published === true || has(method, 'beta')) && { beta }),
  };
}

function resolved(settings: Settings): Resolved {
  const { model, method, alpha_0, beta, mu, weightDecay, order, multiplicative, hypergradOptimizer } = settings;
  const { batchSize, epochs, iterations, lossThreshold, reduction, seed, parallel, synthetic } = settings;
  const { lowerBound = null, clip = null, threads, workers, device } = settings;
  return {
    ...{ model, method, alpha_0, beta, mu, weightDecay, order, multiplicative, lowerBound, clip, hypergradOptimizer },
    ...{ batchSize, epochs, iterations, lossThreshold, reduction, seed, parallel, synthetic },
    ...Object.fromEntries(
      numberOptionNames.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])),
    ),
    ...{ threads, workers, device },
  };
}

/** Of a data set that many runs share, it is computed once. */
function digestOf(dataset: Dataset): string {
  const digest = digests.get(dataset) ?? datasetDigest(dataset);
  digests.set(dataset, digest);
  return digest;
}

const digests = new WeakMap<Dataset, string>();

/** The iteration of a run's last row, as far as its settings tell; Infinity where nothing limits it beforehand. */
export function lastIteration({ settings, data }: Pick<Identity, 'settings' | 'data'>): number {
  const { epochs, iterations, batchSize } = settings as { epochs: number; iterations: number; batchSize: number };
  const byEpochs = epochs === 0 ? Infinity : epochs * Math.ceil(data.train / batchSize) + 1;
  return Math.min(byEpochs, iterations === 0 ? Infinity : iterations);
}
