import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import type { Batches } from '../../src/engine/engine.js';
import { RunFailure } from '../../src/errors.js';
import type { Model } from '../../src/models/model.js';
import { vggModel } from '../../src/models/vgg.js';
import type * as ahead from '../../src/training/ahead.js';
import { supply, type MiniBatch } from '../../src/training/ahead.js';

// Threads load their module themselves, so it must be built.
const built = (await import(new URL('../../dist/training/ahead.js', import.meta.url).href)) as typeof ahead;

const count = 22;
const set = {
  images: Uint8Array.from({ length: count * 64 }, (_, i) => i % 251),
  labels: new Uint8Array(count),
  count,
};
const dataset: Dataset = {
  name: 'ramp',
  imageShape: [8, 8, 1],
  classes: 10,
  mean: [0],
  std: [1],
  augmented: true,
  train: set,
  test: set,
};
const model: Model = vggModel({ layers: [16, 'pool'], batchNorm: true, hidden: 16 });
const options = { dataset, model, seed: 3, workers: 0 };

/** Of 8, 8 and 6 rows, in the order of the set. */
function* miniBatches(epochs: number, taken: MiniBatch[] = []): Generator<MiniBatch, void> {
  for (let index = 0; index < 3 * epochs; index++) {
    const start = 8 * (index % 3);
    const rows = Int32Array.from({ length: Math.min(8, count - start) }, (_, i) => start + i);
    const miniBatch = { index, epoch: 1 + Math.floor(index / 3), rows };
    taken.push(miniBatch);
    yield miniBatch;
  }
}

async function all(batches: ahead.Supply, most: number): Promise<Batches[]> {
  const calls: Batches[] = [];
  for (let next; (next = await batches.take(most));) calls.push(next);
  await batches.end();
  return calls;
}

/** What the calls have, one after the other: rows, images and masks. */
function contents(calls: readonly Batches[]): number[][] {
  const arrays = calls.map(({ rows, images = [], masks = {} }) => [rows, images, ...Object.values(masks)]);
  return [0, 1, 2, 3].map((k) => arrays.flatMap((of) => [...(of[k] ?? [])]));
}

describe('calls', () => {
  it('have mini-batches of one size and epoch', async () => {
    const sizes = async (most: number) => {
      const calls = await all(await supply(miniBatches(2), options), most);
      return calls.map(({ rows, batchSize, images, masks }) => {
        expect(images).toHaveLength(rows.length * 64);
        expect(Object.values(masks ?? {}).map(({ length }) => length)).toEqual([rows.length * 16, rows.length * 16]);
        return `${rows.length / batchSize} of ${batchSize}`;
      });
    };
    expect(await sizes(1)).toEqual(['1 of 8', '1 of 8', '1 of 6', '1 of 8', '1 of 8', '1 of 6']);
    expect(await sizes(5)).toEqual(['2 of 8', '1 of 6', '2 of 8', '1 of 6']);
  });

  it.each([
    [0, 1],
    [0, 5],
    [1, 1],
    [1, 2],
    [3, 1],
    [3, 40],
  ])('have the same contents with %i workers, of %i steps at most', async (workers, most) => {
    const expected = contents(await all(await supply(miniBatches(20), options), 2));
    expect(expected.map(({ length }) => length)).toEqual([440, 440 * 64, 440 * 16, 440 * 16]);
    const actual = contents(await all(await built.supply(miniBatches(20), { ...options, workers }), most));
    expect(actual).toEqual(expected);
  });
});

describe('threads', () => {
  it('are given what the next call will take and a little more, but nothing that never comes', async () => {
    const requested: MiniBatch[] = [];
    const batches = await built.supply(miniBatches(2, requested), { ...options, workers: 2 });
    expect(requested).toHaveLength(2 + 1);
    await batches.take(1);
    expect(requested).toHaveLength(1 + 1 + 2 + 1);
    await batches.take(2);
    expect(requested).toHaveLength(6);
    await batches.end();
  });

  it('are not there where nothing is to be prepared', async () => {
    const plain = { dataset: { ...dataset, augmented: false }, model: { ...model, masks: {} }, seed: 3 };
    const requested: MiniBatch[] = [];
    const batches = await supply(miniBatches(1, requested), { ...plain, workers: 2 });
    expect(await batches.take(1)).toEqual({
      rows: Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
      batchSize: 8,
      images: undefined,
      masks: {},
    });
    expect(requested).toHaveLength(1);
  });

  it('say that they failed', async () => {
    // Here prepare.js is not built.
    const batches = await supply(miniBatches(1), { ...options, workers: 3 });
    await expect(batches.take(1)).rejects.toThrow(RunFailure);
    await expect(batches.take(1)).rejects.toThrow(/prepare\.js.* --workers 0 does without/);
    await batches.end();
  });
});
