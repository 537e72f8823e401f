import { columnFrom, extend, keptOf, type Column, type Point } from './thin.js';

/** A curve that is given its points one by one, and needs room for what is seen of it only, however long it gets. */
export interface GrowingCurve {
  /** Takes the next point; x is 0 or larger, and grows. A y that is not finite interrupts the curve. */
  add(x: number, y: number): void;
  /** The first, lowest, highest and last point of each interval, as `thin` keeps them. */
  points(): Point[];
  intervals(): readonly Interval[];
  /** The width of the widest of them. */
  width(): number;
}

/** The points of a curve from `start` to the next interval's. */
export interface Interval {
  start: number;
  readonly column: Column;
  /** Sums over the points with a finite y, and how many they are. */
  sumX: number;
  sumY: number;
  count: number;
}

/**
 * Intervals are as wide as the curve's length asks for, so that there are from half as many as `most` to `most`; near 0,
 * where a log axis shows more of them, they are narrower, down to 1. Widths are powers of two and starts their multiples:
 * curves of several seeds have the same.
 */
export function growingCurve(most: number): GrowingCurve {
  const anOctave = anOctaveOf(most);
  let width = 1;
  let intervals: Interval[] = [];
  return {
    add(x, y) {
      const point = { x, y: Number.isFinite(y) ? y : NaN };
      addTo(intervals, { start: startOf(x, width, anOctave), ...intervalFrom(point) });
      while (intervals.length > most && width < x) {
        width *= 2;
        intervals = widened(intervals, width, anOctave);
      }
    },
    points: () => intervals.flatMap(({ column }) => keptOf(column)),
    intervals: () => intervals,
    width: () => width,
  };
}

/** Over the seeds: the mean of the curves, and the lowest and the highest of them. */
export interface SeedCurves {
  readonly mean: Point[];
  readonly low: Point[];
  readonly high: Point[];
}

/**
 * The mean of curves, and the area that they lie in: of each interval, the mean, the least and the largest of the curves'
 * own means there. Where an interval has one x only, as an epoch is, these are the curves' values. A curve that ends
 * earlier, or is interrupted, does not count where it has no value.
 *
 * @param most that of the curves.
 */
export function overSeeds(curves: readonly GrowingCurve[], most: number): SeedCurves {
  const anOctave = anOctaveOf(most);
  const width = Math.max(...curves.map((curve) => curve.width()));
  const merged = new Map<number, { x: number; sum: number; count: number; low: number; high: number }>();
  for (const curve of curves) {
    for (const { start, sumX, sumY, count } of widened(curve.intervals(), width, anOctave)) {
      if (count === 0) continue;
      const y = sumY / count;
      const all = merged.get(start) ?? { x: sumX / count, sum: 0, count: 0, low: Infinity, high: -Infinity };
      all.sum += y;
      all.count++;
      all.low = Math.min(all.low, y);
      all.high = Math.max(all.high, y);
      merged.set(start, all);
    }
  }
  const inOrder = [...merged.values()].sort((a, b) => a.x - b.x);
  return {
    mean: inOrder.map(({ x, sum, count }) => ({ x, y: sum / count })),
    low: inOrder.map(({ x, low: y }) => ({ x, y })),
    high: inOrder.map(({ x, high: y }) => ({ x, y })),
  };
}

/** Intervals in the span from a number to its double, where the axis is logarithmic: a power of two. */
function anOctaveOf(most: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(most / 32)));
}

function startOf(x: number, width: number, anOctave: number): number {
  const narrow = x < anOctave ? 1 : 2 ** Math.floor(Math.log2(x / anOctave));
  const least = Math.min(width, narrow);
  return Math.floor(x / least) * least;
}

function intervalFrom(point: Point): Omit<Interval, 'start'> {
  const counts = !Number.isNaN(point.y);
  return { column: columnFrom(point), sumX: counts ? point.x : 0, sumY: counts ? point.y : 0, count: Number(counts) };
}

/** Adds to the last interval, or after it. */
function addTo(intervals: Interval[], next: Interval): void {
  const last = intervals.at(-1);
  if (last?.start !== next.start) {
    intervals.push(next);
    return;
  }
  for (const point of keptOf(next.column)) extend(last.column, point);
  last.sumX += next.sumX;
  last.sumY += next.sumY;
  last.count += next.count;
}

function widened(intervals: readonly Interval[], width: number, anOctave: number): Interval[] {
  const wide: Interval[] = [];
  for (const { start, column, ...sums } of intervals) {
    addTo(wide, { start: startOf(start, width, anOctave), column: { ...column }, ...sums });
  }
  return wide;
}
