import { availableParallelism } from 'node:os';
import type { Bounds } from './arguments.js';

/** What options' numbers may be on this machine, each with the reason where there is a most. */

const cores = availableParallelism();
/** A few a core do no harm, and small machines may try what is meant for larger ones; hundreds take all the memory. */
const mostThreads = Math.max(16, 4 * cores);
const ofThisMachine = `more would only take turns, as this machine has ${cores} ${cores === 1 ? 'core' : 'cores'}`;

export const threadBounds: Bounds = { least: 0, most: mostThreads, because: ofThisMachine };

/** Of a sweep; which of them side by side this machine can have is looked at where it runs them. */
export const jobBounds: Bounds = { least: 1, most: 1000, because: 'no machine has more cores' };

export const coreBounds: Bounds = jobBounds;

export const memoryBounds: Bounds = { least: 1, most: 65_536, because: 'no machine has more' };

export const taskBounds: Bounds = {
  least: 1,
  most: 1000,
  because: 'each takes many runs, and a Slurm array has no more',
};

export const workerBounds: Bounds = { least: 0, most: mostThreads, because: ofThisMachine };

export const batchSizeBounds: Bounds = { least: 1, most: 60_000, because: 'the largest data set has 60000 images' };

export const reductionBounds: Bounds = { least: 1, most: 10_000, because: 'the data sets have 10000 images to test' };

export const replicaBounds: Bounds = { least: 1, most: 64, because: 'the network is traced once for each' };

export const deviceBounds: Bounds = { least: 0, most: 63, because: 'no machine has more GPUs' };

/** The generator takes 32 bits: a larger seed would give the numbers of a smaller one. */
export const seedBounds: Bounds = { least: 0, most: 2 ** 32 - 1, because: 'the random generator is seeded by 32 bits' };
