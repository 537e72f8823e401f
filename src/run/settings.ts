import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import type { EngineName } from '../engine/engines.js';
import type { ModelName } from '../models/models.js';
import type { Order } from '../optimizers/adam_hd.js';
import type { Method } from '../optimizers/methods.js';
import type { HypergradOptimizer } from '../optimizers/rate.js';
import { datasetDigest } from '../data/digest.js';
import type { Identity, Setting } from '../results/record.js';
import { codeVersion } from '../version.js';

/** What a run is told to do, by the names of the command line. */
export interface Settings {
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

/** A null stands for a setting that is off; the compiler sees to it that none is forgotten. */
type Resolved = { readonly [Name in keyof Required<Omit<Settings, 'engine'>>]: Setting };

/** What a run is, to be told from others. */
export function identityOf(settings: Settings, dataset: Dataset, engine: Engine): Identity {
  const { model, method, alpha_0, beta, mu, weightDecay, order, multiplicative, hypergradOptimizer } = settings;
  const {
    batchSize,
    epochs,
    iterations,
    lossThreshold,
    reduction,
    seed,
    parallel,
    synthetic,
    threads,
    workers,
    device,
  } = settings;
  const { lowerBound = null, clip = null } = settings;
  const resolved: Resolved = {
    ...{ model, method, alpha_0, beta, mu, weightDecay, order, multiplicative, lowerBound, clip, hypergradOptimizer },
    ...{ batchSize, epochs, iterations, lossThreshold, reduction, seed, parallel, synthetic, threads, workers, device },
  };
  const { name, train, test } = dataset;
  return {
    settings: resolved,
    engine: { name: engine.name, version: engine.version },
    data: { name, digest: datasetDigest(dataset), train: train.count, test: test.count },
    code: codeVersion(),
  };
}

/** The iteration of a run's last row, as far as its settings tell; Infinity where nothing limits it beforehand. */
export function lastIteration({ settings, data }: Pick<Identity, 'settings' | 'data'>): number {
  const { epochs, iterations, batchSize } = settings as { epochs: number; iterations: number; batchSize: number };
  const byEpochs = epochs === 0 ? Infinity : epochs * Math.ceil(data.train / batchSize) + 1;
  return Math.min(byEpochs, iterations === 0 ? Infinity : iterations);
}
