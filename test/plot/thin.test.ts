import { describe, expect, it } from 'vitest';
import { thin } from '../../src/plot/thin.js';

describe('thin', () => {
  it('keeps first, lowest, highest and last of each column, in order', () => {
    const ys = [5, 1, 9, 4, /**/ 3, 3, 3, /**/ 7];
    const points = ys.map((y, x) => ({ x, y }));
    const column = (x: number) => (x < 4 ? 0 : x < 7 ? 1 : 2);
    expect(thin(points, column).map(({ x }) => x)).toEqual([0, 1, 2, 3, 4, 6, 7]);
  });

  it('covers the same range in every column of a long noisy curve with a spike', () => {
    const points = Array.from({ length: 40_000 }, (_, x) => ({ x, y: x === 12_345 ? 99 : Math.sin(x * x) }));
    const column = (x: number) => Math.floor(x / 200);
    const thinned = thin(points, column);
    // 200 columns of at most four points.
    expect(thinned.length).toBeLessThanOrEqual(800);
    for (let index = 0; index < 200; index++) {
      const range = (of: typeof points) => {
        const ys = of.filter(({ x }) => column(x) === index).map(({ y }) => y);
        return [ys[0], Math.min(...ys), Math.max(...ys), ys.at(-1)];
      };
      expect(range(thinned)).toEqual(range(points));
    }
  });

  it('keeps an interruption', () => {
    const points = [1, NaN, 0, 2].map((y, x) => ({ x, y }));
    expect(thin(points, () => 0).map(({ y }) => y)).toEqual([1, NaN, 0, 2]);
    expect(
      thin(
        [NaN, 3, 1, 2].map((y, x) => ({ x, y })),
        () => 0,
      ).map(({ y }) => y),
    ).toEqual([NaN, 3, 1, 2]);
  });
});
