import type { Axis as VegaAxis, Data, Mark, Scale } from 'vega';
import type { Axis } from './axis.js';
import { legendInside, type Entry } from './legend.js';
import { areaPath, linePath } from './path.js';
import type { CurveName, Facet, Series } from './series.js';

/** Sizes in points, measured off the published figures. */
export const panelSize = { width: 287, height: 254.5 };
const inset = { x: 139, y: 5, width: 143, height: 89 };
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Thinner there, where there is less room and more noise. */
const insetLines = 0.75;

/** A column of the figure; `under` are curves to compare with, drawn as broad pale bands below the others. */
export interface FigureFacet extends Facet<Series> {
  readonly under?: readonly Series[];
}

/** What a panel shows, and on which axis. */
export interface PanelAxes {
  readonly title: string;
  readonly curve: CurveName;
  readonly x: Axis;
  readonly xTitle: string;
  readonly y: Axis;
  readonly inset?: Omit<PanelAxes, 'title' | 'inset'>;
}

/** Where a panel's corner lies, whether its x axis has labels and a title, and the legend in its corner. */
export interface PanelPlace {
  readonly x: number;
  readonly y: number;
  readonly labelled: boolean;
  readonly legend: readonly Entry[];
}

export function panelMark(facet: FigureFacet, axes: PanelAxes, place: PanelPlace): Mark {
  const { x, y, labelled } = place;
  const area = frame(panelSize);
  const legend = legendInside(place.legend);
  return {
    ...area,
    encode: { enter: { ...area.encode.enter, x: { value: x }, y: { value: y } } },
    data: lineData(facet, axes.curve, axes, panelSize),
    scales: [scale('x', axes.x, panelSize.width), scale('y', axes.y, panelSize.height), ...legend.scales],
    axes: [
      ...axis('bottom', axes.x, {
        gridded: true,
        ...(labelled ? { title: axes.xTitle, titlePadding: 6 } : { labels: false, ticks: false }),
      }),
      // A fixed place, so that the panels' titles stand in line whatever their labels' width.
      ...axis('left', axes.y, { gridded: true, title: axes.title, titleX: -54 }),
    ],
    legends: legend.legends,
    marks: [
      { type: 'group', clip: true, encode: { enter: sizeOf(panelSize) }, marks: lineMarks(facet) },
      ...(axes.inset ? insetMarks(facet, axes.title, axes.inset) : []),
    ],
  };
}

function insetMarks(facet: FigureFacet, title: string, axes: NonNullable<PanelAxes['inset']>): Mark[] {
  const area = frame(inset);
  return [
    {
      // The published insets' labels run into the curves below them: this keeps them legible.
      type: 'rect',
      encode: {
        enter: {
          x: { value: inset.x - 64 },
          x2: { value: panelSize.width - 0.5 },
          y: { value: 0.5 },
          y2: { value: inset.y + inset.height + 32 },
          fill: { value: 'white' },
          fillOpacity: { value: 0.6 },
        },
      },
    },
    {
      ...area,
      encode: { enter: { ...area.encode.enter, x: { value: inset.x }, y: { value: inset.y } } },
      data: lineData(facet, axes.curve, axes, inset),
      scales: [scale('x', axes.x, inset.width), scale('y', axes.y, inset.height)],
      axes: [
        ...axis('bottom', axes.x, { title: axes.xTitle, titlePadding: 2 }),
        ...axis('left', axes.y, { title, titleX: -54 }),
      ],
      marks: [{ type: 'group', clip: true, encode: { enter: sizeOf(inset) }, marks: lineMarks(facet, insetLines) }],
    },
  ];
}

function frame(size: Size) {
  return {
    type: 'group' as const,
    encode: {
      enter: {
        ...sizeOf(size),
        stroke: { value: 'black' },
        strokeWidth: { value: 0.8 },
        strokeOffset: { value: 0 },
        fill: { value: 'white' },
      },
    },
  };
}

function sizeOf({ width, height }: Size) {
  return { width: { value: width }, height: { value: height } };
}

function scale(name: 'x' | 'y', { type, domain }: Axis, length: number): Scale {
  return { name, type, domain: [...domain], range: name === 'x' ? [0, length] : [length, 0], zero: false, nice: false };
}

type AxisOptions = Partial<VegaAxis> & { gridded?: boolean };

function axis(orient: 'bottom' | 'left', of: Axis, { gridded = false, ...options }: AxisOptions): VegaAxis[] {
  const base = {
    orient,
    scale: orient === 'bottom' ? 'x' : 'y',
    tickSize: 3.5,
    tickColor: 'black',
    tickWidth: 0.8,
    domain: false,
    translate: 0,
    labelOverlap: false,
    labelFlush: false,
    ...options,
  } as const;
  const grid = {
    ...base,
    grid: gridded,
    gridScale: orient === 'bottom' ? 'y' : 'x',
    gridColor: '#b0b0b0',
    gridWidth: 0.8,
  };
  if (of.type === 'linear') return [{ ...grid, tickCount: of.tickCount }];
  const labels = Object.fromEntries(of.ticks.map(({ value, label }) => [value, label]));
  return [
    {
      ...grid,
      values: of.ticks.map(({ value }) => value),
      encode: { labels: { update: { text: { signal: `(${JSON.stringify(labels)})[datum.value]` } } } },
    },
    { ...base, values: [...of.minor], labels: false, tickSize: 2, tickWidth: 0.6, title: undefined },
  ];
}

/** A curve is one datum: the text of its path, and of that around the area that its seeds lie in. */
function lineData(facet: FigureFacet, curve: CurveName, axes: { x: Axis; y: Axis }, size: Size): Data[] {
  return drawn(facet).map(({ name, series }) => {
    const band = series.bands?.[curve];
    return {
      name,
      values: [{ path: linePath(series[curve], axes, size), ...(band && { area: areaPath(band, axes, size) }) }],
    };
  });
}

/** All areas lie below all curves. */
function lineMarks(facet: FigureFacet, thickness = 1): Mark[] {
  return [...areaMarks(facet), ...curveMarks(facet, thickness)];
}

function areaMarks(facet: FigureFacet): Mark[] {
  return drawn(facet)
    .filter(({ series }) => series.bands)
    .map(({ name, series }) => ({
      type: 'path',
      from: { data: name },
      encode: {
        enter: { path: { field: 'area' }, fill: { value: series.colour }, fillOpacity: { value: 0.22 } },
      },
    }));
}

function curveMarks(facet: FigureFacet, thickness: number): Mark[] {
  return drawn(facet).map(({ name, series, under }) => ({
    type: 'path',
    from: { data: name },
    encode: {
      enter: {
        path: { field: 'path' },
        stroke: { value: series.colour },
        strokeWidth: { value: thickness * (under ? 6 : series.width) },
        strokeOpacity: { value: under ? 0.35 : 1 },
        strokeDash: { value: under ? [] : [...series.dash] },
        strokeJoin: { value: 'round' },
      },
    },
  }));
}

function drawn({ runs, under = [] }: FigureFacet) {
  return [
    ...under.map((series, nth) => ({ name: `under_${nth}`, series, under: true })),
    ...runs.map((series, nth) => ({ name: `curve_${nth}`, series, under: false })),
  ];
}
