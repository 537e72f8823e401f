import type { Legend, Mark, Scale } from 'vega';
import type { Style } from './series.js';

export const font = 'DejaVu Sans, Verdana, sans-serif';

/** The most curves whose legend lies in the last panel, as published; of more, it would hide them. */
export const mostInside = 8;

/** Sizes in points; a letter's is the mean in this face. */
const row = { height: 15, symbol: 24, gap: 6, letter: 6, padding: 7 };

/** What a legend tells of a curve. */
export type Entry = Pick<Style, 'label' | 'colour' | 'dash' | 'width'>;

/** The legend in the upper right corner of a panel; none where there are no entries. */
export function legendInside(runs: readonly Entry[]): { readonly legends: Legend[]; readonly scales: Scale[] } {
  if (runs.length === 0) return { legends: [], scales: [] };
  const domain = runs.map(({ label }) => label);
  return {
    legends: [inside],
    scales: [
      { name: 'colour', type: 'ordinal', domain, range: runs.map(({ colour }) => colour) },
      { name: 'dash', type: 'ordinal', domain, range: runs.map(({ dash }) => [...dash]) },
      { name: 'width', type: 'ordinal', domain, range: runs.map(({ width }) => width) },
    ],
  };
}

const inside: Legend = {
  stroke: 'colour',
  strokeDash: 'dash',
  strokeWidth: 'width',
  symbolType: 'stroke',
  symbolSize: 400,
  labelLimit: 0, // none: no label is cut short
  orient: 'top-right',
  offset: 5,
  padding: 5,
  // A line symbol is as long as its row is high: the rows overlap where they are empty.
  rowPadding: -5,
  fillColor: 'white',
  strokeColor: 'black',
  encode: { legend: { update: { strokeWidth: { value: 0.8 } } } },
};

/** How high the legend below the panels is. */
export function boxHeight(runs: readonly Entry[], width: number): number {
  return rowsOf(runs, width) * row.height + 2 * row.padding;
}

/** Two columns where the labels leave room for them. */
function rowsOf(runs: readonly Entry[], width: number): number {
  const longest = Math.max(...runs.map(({ label }) => label.length));
  const room = (width / 2 - row.symbol - row.gap - row.padding) / row.letter;
  return longest <= room ? Math.ceil(runs.length / 2) : runs.length;
}

/** The legend below the panels. Vega's own takes a letter for wider than it is, and two columns would not fit. */
export function legendBox(
  runs: readonly Entry[],
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
): Mark {
  const rows = rowsOf(runs, width);
  const placed = runs.map((series, index) => ({
    series,
    x: row.padding + (Math.floor(index / rows) * width) / 2,
    y: row.padding + ((index % rows) + 0.5) * row.height,
  }));
  return {
    type: 'group',
    encode: {
      enter: {
        ...{ x: { value: x }, y: { value: y }, width: { value: width }, height: { value: boxHeight(runs, width) } },
        ...{ stroke: { value: 'black' }, strokeWidth: { value: 0.8 }, fill: { value: 'white' } },
      },
    },
    // Labels are data: of a text in a specification Vega may think that it is a name of its own.
    data: [{ name: 'labels', values: placed.map(({ series, x, y }) => ({ text: series.label, x, y })) }],
    marks: [
      ...placed.map(({ series, x, y }): Mark => ({
        type: 'path',
        encode: {
          enter: {
            path: { value: `M0,0L${row.symbol},0` },
            ...{ x: { value: x }, y: { value: y } },
            stroke: { value: series.colour },
            strokeWidth: { value: series.width },
            strokeDash: { value: [...series.dash] },
          },
        },
      })),
      {
        type: 'text',
        from: { data: 'labels' },
        encode: {
          enter: {
            text: { field: 'text' },
            x: { field: 'x', offset: row.symbol + row.gap },
            y: { field: 'y' },
            ...{ baseline: { value: 'middle' }, font: { value: font }, fontSize: { value: 10 } },
          },
        },
      },
    ],
  };
}
