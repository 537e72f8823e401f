import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growingCurve, overSeeds } from '../../src/plot/growing.js';

/** A curve of these y at x = 0, 1, 2, … */
function curveOf(ys: readonly number[], most = 600) {
  const curve = growingCurve(most);
  for (const [x, y] of ys.entries()) curve.add(x, y);
  return curve;
}

describe('a growing curve', () => {
  it('has every point while they are few, and then the extremes of each interval', () => {
    const ys = Array.from({ length: 50_000 }, (_, x) => (x === 12_345 ? 99 : Math.sin(x * x)));
    expect(curveOf(ys.slice(0, 600)).points()).toEqual(ys.slice(0, 600).map((y, x) => ({ x, y })));

    const long = curveOf(ys);
    const points = long.points();
    expect(long.intervals().length).toBeGreaterThan(300);
    expect(long.intervals().length).toBeLessThanOrEqual(600);
    expect(points.length).toBeLessThanOrEqual(2400);
    expect(points[0]).toEqual({ x: 0, y: 0 });
    expect(points.at(-1)).toEqual({ x: 49_999, y: ys.at(-1) });
    expect(points).toContainEqual({ x: 12_345, y: 99 });
    expect(points.map(({ x }) => x)).toEqual(points.map(({ x }) => x).sort((a, b) => a - b));
    for (const [index, { start, column }] of long.intervals().entries()) {
      const within = ys.slice(start, long.intervals()[index + 1]?.start);
      expect([column.first.y, column.lowest.y, column.highest.y, column.last.y]).toEqual([
        within[0],
        Math.min(...within),
        Math.max(...within),
        within.at(-1),
      ]);
    }
  });

  it('is fine near 0, for a log axis', () => {
    const curve = curveOf(Array.from({ length: 1_000_000 }, (_, x) => x));
    const starts = curve.intervals().map(({ start }) => start);
    expect(starts.length).toBeGreaterThan(300);
    expect(starts.length).toBeLessThanOrEqual(600);
    expect(starts.slice(0, 32)).toEqual(Array.from({ length: 32 }, (_, x) => x));
    // An interval is never wider than a 16th of where it lies: two pixels of a chart of 350 over six decades.
    for (const [index, start] of starts.slice(0, -1).entries()) {
      expect((starts[index + 1] ?? 0) - start).toBeLessThanOrEqual(Math.max(1, start / 16));
    }
  });

  it('loses no point when its intervals get wider', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), fc.integer({ min: 1, max: 5000 }), (most, length) => {
        const curve = curveOf(
          Array.from({ length }, (_, x) => x),
          most,
        );
        const sum = curve.intervals().reduce((all, { sumY }) => all + sumY, 0);
        expect(sum).toBe((length * (length - 1)) / 2);
        expect(curve.intervals().reduce((all, { count }) => all + count, 0)).toBe(length);
      }),
      { numRuns: 50 },
    );
  });

  it('is interrupted where a value is not finite', () => {
    const ys = curveOf([1, Infinity, 2]).points();
    expect(ys.map(({ y }) => y)).toEqual([1, NaN, 2]);
  });
});

describe('curves over seeds', () => {
  it('are mean, lowest and highest where each x is an interval of its own', () => {
    const { mean, low, high } = overSeeds([curveOf([1, 2, 3]), curveOf([3, NaN, 5]), curveOf([2, 4])], 600);
    expect(mean).toEqual([
      { x: 0, y: 2 },
      { x: 1, y: 3 },
      { x: 2, y: 4 },
    ]);
    expect(low.map(({ y }) => y)).toEqual([1, 2, 3]);
    expect(high.map(({ y }) => y)).toEqual([3, 4, 5]);
  });

  it('have the intervals of the longest curve', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 200 }), fc.integer({ min: 1, max: 3000 }), (most, length) => {
        const short = curveOf(Array<number>(length).fill(1), most);
        const long = curveOf(Array<number>(3000).fill(3), most);
        const { mean, low, high } = overSeeds([short, long], most);
        expect(mean.length).toBe(long.intervals().length);
        expect([low[0]?.y, mean[0]?.y, high[0]?.y]).toEqual([1, 2, 3]);
        if (length < 1500) expect(mean.at(-1)?.y).toBe(3);
      }),
      { numRuns: 50 },
    );
  });
});
