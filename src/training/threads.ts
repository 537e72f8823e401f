import { RunFailure } from '../errors.js';
import { prepare, type Ingredients, type Prepared } from './prepare.js';

/** Whoever prepares mini-batches. */
export interface Preparer {
  /** Takes the images for its own. */
  prepare(ingredients: Ingredients): Promise<Prepared>;
  end(): Promise<void>;
}

export const inLine: Preparer = {
  prepare: (ingredients) => Promise.resolve(prepare(ingredients)),
  end: () => Promise.resolve(),
};

/** Threads that prepare while an engine holds up this one. */
export async function threads(count: number): Promise<Preparer> {
  const { Piscina } = await import('piscina');
  const pool = new Piscina<Ingredients, Prepared>({
    filename: new URL('./prepare.js', import.meta.url).href,
    name: prepare.name,
    minThreads: count,
    maxThreads: count,
    // Each has a queue of its own: while this thread is held up, it cannot hand out one mini-batch after the other.
    concurrentTasksPerWorker: Infinity,
  });
  // A thread that dies with nothing to do is missed by nobody: the pool starts another.
  pool.on('error', () => undefined);
  return {
    prepare(ingredients) {
      const transferList = ingredients.images && [ingredients.images.buffer];
      const prepared = pool.run(ingredients, { transferList }).catch(failed);
      // Who awaits it hears of a failure, but that may be much later, or never.
      prepared.catch(() => undefined);
      return prepared;
    },
    end: () => pool.destroy(),
  };
}

function failed(cause: Error): never {
  throw new RunFailure(`A thread that prepares images failed: ${cause.message}. --workers 0 does without.`, { cause });
}
