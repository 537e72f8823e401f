import { enableProdMode, grad, setBackend, tensor4d } from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { quadrantMaxPool } from '../../../src/models/layers/pool.js';

beforeAll(async () => {
  enableProdMode();
  await setBackend('cpu');
});

/** Blocks of 2x2 in row-major order, and which of the four is their first maximum. */
const blocks = [
  { values: [1, 2, 3, 4], first: 3 },
  { values: [0, 0, 0, 0], first: 0 },
  { values: [1, 5, 5, 5], first: 1 },
  { values: [-2, -3, -1, -1], first: 2 },
  { values: [7, 1, 7, 0], first: 0 },
  { values: [0, -0, -1, -1], first: 0 },
];

it("gives a block's maximum, and the gradient to the first of several", () => {
  // [2, 2, 1, blocks]: each block is a channel.
  const x = tensor4d(
    [0, 1, 2, 3].flatMap((place) => blocks.map(({ values }) => values[place]!)),
    [2, 2, 1, blocks.length],
  );
  const dy = tensor4d(
    blocks.map((_, i) => 0.5 + i),
    [1, 1, 1, blocks.length],
  );
  const pool = (input: typeof x) => quadrantMaxPool(input);
  expect([...pool(x).dataSync()]).toEqual(blocks.map(({ values }) => Math.max(...values)));
  const gradient = grad(pool as Parameters<typeof grad>[0])(x, dy).dataSync();
  expect([...gradient]).toEqual(
    [0, 1, 2, 3].flatMap((place) => blocks.map(({ first }, i) => (first === place ? 0.5 + i : 0))),
  );
});
