import { rowsOf, sizeOf, type Dataset } from '../data/dataset.js';
import type { Batches } from '../engine/engine.js';
import type { Model } from '../models/model.js';
import type { Prepared } from './prepare.js';
import { inLine, threads } from './threads.js';

export interface MiniBatch {
  /** Which of the run's mini-batches, from 0. */
  readonly index: number;
  readonly epoch: number;
  /** Indices into the training set, shape [batchSize]. */
  readonly rows: Int32Array;
}

/** Mini-batches for the engine, prepared. */
export interface Supply {
  /** The next mini-batches of one size and epoch, `most` at most; undefined where there are no more. */
  take(most: number): Promise<Batches | undefined>;
  end(): Promise<void>;
}

export interface SupplyOptions {
  readonly dataset: Dataset;
  readonly model: Model;
  readonly seed: number;
  /** Threads that prepare mini-batches ahead of their use; 0: they are prepared in line. */
  readonly workers: number;
}

/** What is prepared depends on the seed and on the mini-batch, so the number of workers makes no difference. */
export async function supply(
  miniBatches: Iterator<MiniBatch>,
  { dataset, model, seed, workers }: SupplyOptions,
): Promise<Supply> {
  const { imageShape, augmented, train } = dataset;
  const masks = Object.entries(model.masks ?? {});
  const threaded = workers > 0 && (augmented || masks.length > 0);
  const preparer = threaded ? await threads(workers) : inLine;
  const queue: (MiniBatch & { readonly prepared: Promise<Prepared> })[] = [];

  function prepared({ index, rows }: MiniBatch): Promise<Prepared> {
    return preparer.prepare({
      seed,
      index,
      images: augmented ? rowsOf(train.images, rows, sizeOf(imageShape)) : undefined,
      imageShape,
      masks: Object.fromEntries(masks.map(([name, shape]) => [name, rows.length * sizeOf(shape)])),
    });
  }

  function fill(length: number): void {
    while (queue.length < length) {
      const next = miniBatches.next();
      if (next.done) return;
      queue.push({ ...next.value, prepared: prepared(next.value) });
    }
  }

  // Beyond the next call, so that no thread is ever without work; and at once, while row 0 is evaluated.
  const spare = threaded ? workers + 1 : 0;
  fill(spare);

  return {
    async take(most) {
      fill(threaded ? 2 * most + spare : most);
      const [first] = queue;
      if (!first) return undefined;
      const other = queue.findIndex(({ epoch, rows }) => epoch !== first.epoch || rows.length !== first.rows.length);
      const taken = queue.splice(0, other < 0 ? most : Math.min(most, other));
      return joined(taken, await Promise.all(taken.map((miniBatch) => miniBatch.prepared)));
    },
    end: () => preparer.end(),
  };
}

function joined(miniBatches: readonly MiniBatch[], prepared: readonly Prepared[]): Batches {
  const { images, masks } = prepared[0]!;
  const bytes = (of: (each: Prepared) => Uint8Array | undefined) =>
    concatenated(
      Uint8Array,
      prepared.map((each) => of(each)!),
    );
  return {
    rows: concatenated(
      Int32Array,
      miniBatches.map(({ rows }) => rows),
    ),
    batchSize: miniBatches[0]!.rows.length,
    images: images && bytes((each) => each.images),
    masks: Object.fromEntries(Object.keys(masks).map((name) => [name, bytes((each) => each.masks[name])])),
  };
}

function concatenated<T extends Int32Array | Uint8Array>(type: new (length: number) => T, parts: readonly T[]): T {
  const whole = new type(parts.reduce((length, part) => length + part.length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}
