export interface Point {
  readonly x: number;
  /** NaN where the curve is interrupted. */
  readonly y: number;
}

/**
 * The first, lowest, highest and last point of each column (and one NaN, if it has any), in their order. A polyline
 * through them covers the same pixels as the whole curve when a column is no wider than a pixel, spikes included,
 * where taking every k-th point would drop them; and a figure no longer grows with the length of its runs.
 *
 * @param points in the order of x.
 * @param columnOf the index of the column that x falls in, not decreasing.
 * @see Jugel et al., "M4: a visualization-oriented time series data aggregation", VLDB 2014.
 */
export function thin(points: readonly Point[], columnOf: (x: number) => number): Point[] {
  const kept: Point[] = [];
  let column: Column | undefined;
  let index = NaN;
  for (const point of points) {
    if (!column || columnOf(point.x) !== index) {
      if (column) kept.push(...keptOf(column));
      column = columnFrom(point);
      index = columnOf(point.x);
    } else extend(column, point);
  }
  if (column) kept.push(...keptOf(column));
  return kept;
}

/** What is kept of the points of a column. */
export interface Column {
  readonly first: Point;
  lowest: Point;
  highest: Point;
  last: Point;
  interrupted: Point | undefined;
}

export function columnFrom(point: Point): Column {
  const interrupted = Number.isNaN(point.y) ? point : undefined;
  return { first: point, lowest: point, highest: point, last: point, interrupted };
}

/** Takes a point that comes after those of the column. */
export function extend(column: Column, point: Point): void {
  column.last = point;
  if (Number.isNaN(point.y)) column.interrupted = point;
  else {
    if (!(column.lowest.y <= point.y)) column.lowest = point;
    if (!(column.highest.y >= point.y)) column.highest = point;
  }
}

/** In the order of x. */
export function keptOf({ first, lowest, highest, interrupted, last }: Column): Point[] {
  const inner = [lowest, highest, ...(interrupted ? [interrupted] : [])].sort((a, b) => a.x - b.x);
  return [...new Set([first, ...inner, last])];
}
