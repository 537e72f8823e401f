import type { Axis } from './axis.js';
import type { Point } from './thin.js';

/**
 * A curve as the text of an SVG path, in an area of this size in points with its origin at the top left. It is broken
 * where a point has no place: NaN, on a log axis what is not above 0, and what is past the sizes that an axis goes to.
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
    const [share, rise] = [across(point.x), up(point.y)];
    if (isNear(share) && isNear(rise))
      path.push(`${length++ === 0 ? 'M' : 'L'}${place(width * share)},${place(height * (1 - rise))}`);
    else end();
  }
  end();
  return path.join('');
}

/** The area between two curves over the same x, in parts where one of them has no place. */
export function areaPath(
  { low, high }: { readonly low: readonly Point[]; readonly high: readonly Point[] },
  axes: { readonly x: Axis; readonly y: Axis },
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const [across, up] = [shareOf(axes.x), shareOf(axes.y)];
  const parts: { readonly x: number; readonly low: number; readonly high: number }[][] = [[]];
  for (const [index, { x, y }] of low.entries()) {
    const point = { x: across(x), low: up(y), high: up(high[index]?.y ?? NaN) };
    if (Object.values(point).every(isNear)) parts.at(-1)?.push(point);
    else parts.push([]);
  }
  const at = (x: number, y: number) => `${place(width * x)},${place(height * (1 - y))}`;
  const edge = (part: (typeof parts)[number]) => [
    ...part.map(({ x, high }) => at(x, high)),
    ...part.map(({ x, low }) => at(x, low)).reverse(),
  ];
  return parts
    .filter((part) => part.length > 1)
    .map((part) => `M${edge(part).join('L')}Z`)
    .join('');
}

/** On the axis or within its length of it; a renderer may fail at what is far outside of the picture. */
function isNear(share: number): boolean {
  return share >= -1 && share <= 2;
}

/** Where on an axis a value lies, as a share of its length. */
function shareOf({ type, domain: [low, high] }: Axis): (value: number) => number {
  const scale = type === 'log' ? Math.log : (value: number) => value;
  const [start, length] = [scale(low), scale(high) - scale(low)];
  return (value) => (scale(value) - start) / length;
}

/** To a thousandth of a point. */
function place(coordinate: number): number {
  return Math.round(coordinate * 1000) / 1000;
}
