import type { Axis } from './axis.js';
import type { Point } from './thin.js';

/**
 * A curve as the text of an SVG path, in an area of this size in points with its origin at the top left. It is broken
 * where a point has no place: NaN, and on a log axis what is not above 0.
 *
 * One text a curve takes a hundredth of the memory that Vega's line marks take, which have an item for each point.
 */
export function linePath(
  points: readonly Point[],
  { x, y }: { readonly x: Axis; readonly y: Axis },
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const [across, up] = [shareOf(x), shareOf(y)];
  const path: string[] = [];
  let length = 0;
  const end = () => {
    // A path of one point alone would not be drawn; a closed one is a dot.
    if (length === 1) path.push('Z');
    length = 0;
  };
  for (const point of points) {
    const [left, top] = [width * across(point.x), height * (1 - up(point.y))];
    if (Number.isFinite(left) && Number.isFinite(top))
      path.push(`${length++ === 0 ? 'M' : 'L'}${place(left)},${place(top)}`);
    else end();
  }
  end();
  return path.join('');
}

/** Where on an axis a value lies, as a share of its length. */
function shareOf({ type, domain: [low, high] }: Axis): (value: number) => number {
  const scale = type === 'log' ? Math.log : (value: number) => value;
  const [start, length] = [scale(low), scale(high) - scale(low)];
  return (value) => (scale(value) - start) / length;
}

/** To a thousandth of a point. What is far outside is nearer, since renderers compute with few digits. */
function place(coordinate: number): number {
  return Math.round(Math.max(-1e4, Math.min(1e4, coordinate)) * 1000) / 1000;
}
