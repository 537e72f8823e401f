import { join } from 'node:path';
import { extent, group } from 'd3-array';
import type { Axis, Legend, Mark, Scale, Spec } from 'vega';
import { has, type Method } from '../methods/table.js';
import { methodOrder, type Warn } from '../results/find.js';
import { summarize, type SettingSummary } from '../summary/summary.js';
import { shown } from '../text.js';
import type { Figure, Format } from './export.js';
import { titleOf } from './figure.js';
import { writeFigure } from './output.js';
import { font } from './legend.js';
import { styles } from './series.js';

/** What the cells of a grid show: figures of a summary, means over the seeds. */
export const gridFigures = ['loss', 'bestLoss', 'validLoss', 'bestValidLoss', 'validAccuracy', 'reached'] as const;
export type GridFigure = (typeof gridFigures)[number];

export interface PlotGridOptions {
  readonly dir: string;
  readonly plotDir: string;
  readonly formats: readonly Format[];
  readonly figure: GridFigure;
  /** The loss for `reached`. */
  readonly reach: number | undefined;
  readonly warn: Warn;
}

/**
 * Draws, for every model in a results folder, one heat map a method over α₀ and β: `<plotDir>/<model>_grid.<format>`; of
 * runs whose path tells more settings, `<model>_grid_<settings>.<format>`.
 *
 * @returns the paths written.
 * @throws UsageError if there is nothing to draw, or a figure cannot be written.
 */
export async function plotGrid({ dir, plotDir, formats, figure, reach, warn }: PlotGridOptions): Promise<string[]> {
  const settings = summarize({ dir, reach, warn });
  const written: string[][] = [];
  for (const [name, ofGrid] of group(settings, ({ model, rates }) => [model, ...rates.split('/').slice(1)].join('/'))) {
    const [model = '', more] = name.split('/');
    const path = join(plotDir, `${model}_grid${more === undefined ? '' : `_${more}`}`);
    const title = `${titleOf(model)}${more === undefined ? '' : `, ${shown(more, 100)}`}`;
    written.push(await writeFigure(gridOf(ofGrid, figure, title, reach), path, formats, warn));
  }
  return written.flat();
}

/** Sizes in points. */
const cell = { width: 37, height: 22 };
const page = { left: 44, right: 10, top: 24, bottom: 34, title: 22, legend: 112 };
const panelsALine = 3;

/** Methods that do not learn α above those that do. */
const panelOrder = [...methodOrder].sort((a, b) => Number(has(a, 'beta')) - Number(has(b, 'beta')));

/** @param scaled settings that the colours' scale is made for, where several grids are to share it. */
export function gridOf(
  settings: readonly SettingSummary[],
  figure: GridFigure,
  title: string,
  reach: number | undefined,
  scaled = settings,
): Figure {
  const rates = (name: 'alpha_0' | 'beta') => {
    const own = settings.filter(({ method }) => has(method, name));
    return [...new Set((own.length > 0 ? own : settings).map((setting) => setting[name]))].sort((a, b) => a - b);
  };
  const [alphas, betas] = [rates('alpha_0'), rates('beta')];
  const methods = panelOrder.filter((method) => settings.some((setting) => setting.method === method));
  const area = { width: cell.width * betas.length, height: cell.height * alphas.length };
  const panel = { width: page.left + area.width + page.right, height: page.top + area.height + page.bottom };
  const across = Math.min(panelsALine, methods.length);
  const size = {
    width: panel.width * across + page.legend,
    height: page.title + panel.height * Math.ceil(methods.length / panelsALine),
  };
  const colour = colourScale(scaled, figure);
  const scales = [colour, band('x', betas, area.width), band('y', [...alphas].reverse(), area.height)];
  const panels = methods.map((method, index) => ({
    x: (index % panelsALine) * panel.width,
    y: page.title + Math.floor(index / panelsALine) * panel.height,
    spec: {
      ...base,
      ...panel,
      scales,
      marks: [
        text(styles[method].label, page.left + area.width / 2, page.top - 7, 10),
        panelMark(cellsOf(settings, method, { alphas, betas }, figure, colour), area),
      ],
    },
  }));
  const legend: Legend = {
    fill: 'colour',
    type: 'gradient',
    direction: 'vertical',
    orient: 'none',
    legendX: panel.width * across + 4,
    legendY: page.title + page.top,
    gradientLength: Math.max(80, area.height),
    title: legendTitle(figure, reach),
    titleLimit: 0, // none
    titleFont: font,
    titleFontWeight: 'normal',
    titleFontSize: 9,
    labelFont: font,
    labelFontSize: 9,
    format: figure === 'validAccuracy' ? '.1%' : '.3~g',
  };
  const heading: Spec = {
    ...base,
    ...size,
    scales: [colour],
    legends: [legend],
    marks: [text(title, (panel.width * across) / 2, 16, 12)],
  };
  return { ...size, lineHeight: size.height, parts: [{ x: 0, y: 0, spec: heading }, ...panels] };
}

function panelMark(cells: Cell[], { width, height }: { readonly width: number; readonly height: number }): Mark {
  return {
    type: 'group',
    encode: {
      enter: {
        x: { value: page.left },
        y: { value: page.top },
        width: { value: width },
        height: { value: height },
        stroke: { value: 'black' },
        strokeForeground: { value: true },
      },
    },
    data: [{ name: 'cells', values: cells }],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'β', ...axisText },
      { orient: 'left', scale: 'y', title: 'α₀', ...axisText },
    ],
    marks: cellMarks,
  };
}

const base = {
  $schema: 'https://vega.github.io/schema/vega/v6.json',
  padding: 0,
  autosize: 'none',
} as const satisfies Spec;
const axisText: Partial<Axis> = {
  labelFont: font,
  titleFont: font,
  labelFontSize: 8,
  titleFontSize: 9,
  titleFontWeight: 'normal',
  tickSize: 2,
  domain: false,
};

function legendTitle(figure: GridFigure, reach: number | undefined): string[] {
  switch (figure) {
    case 'loss':
      return ['Training loss,', 'last epoch'];
    case 'bestLoss':
      return ['Training loss,', 'best epoch'];
    case 'validLoss':
      return ['Validation loss,', 'last epoch'];
    case 'bestValidLoss':
      return ['Validation loss,', 'best epoch'];
    case 'validAccuracy':
      return ['Accuracy'];
    case 'reached':
      return ['Iterations to a', `training loss of ${reach}`];
  }
}

interface Cell {
  readonly alpha: string;
  readonly beta: string;
  readonly value: number | null;
  readonly word: string;
  /** Of the text, so that it stands out. */
  readonly ink: string;
}

/** A setting's cell; a method that does not use β, or α₀, has the same for every one. */
function cellsOf(
  settings: readonly SettingSummary[],
  method: Method,
  { alphas, betas }: { readonly alphas: readonly number[]; readonly betas: readonly number[] },
  figure: GridFigure,
  colour: ColourScale,
): Cell[] {
  return settings
    .filter((setting) => setting.method === method)
    .flatMap((setting) => {
      const [{ mean }, { diverged, runs }] = [setting[figure], setting];
      const value = Number.isFinite(mean) && (colour.type === 'linear' || mean > 0) ? mean : null;
      // ×: diverged, with all seeds or with some; –: it has not come so far.
      const word = value === null ? (diverged.length === runs ? '×' : '–') : wordOf(value, figure);
      const some = value !== null && diverged.length > 0 ? ' ×' : '';
      const ink = value !== null && brightness(value, colour) < 0.55 ? 'white' : 'black';
      const rows = has(method, 'alpha_0') ? [setting.alpha_0] : alphas;
      const columns = has(method, 'beta') ? [setting.beta] : betas;
      return rows.flatMap((alpha) =>
        columns.map((beta) => ({ alpha: rate(alpha), beta: rate(beta), value, word: word + some, ink })),
      );
    });
}

function wordOf(value: number, figure: GridFigure): string {
  if (figure === 'validAccuracy') return (100 * value).toFixed(1);
  if (figure === 'reached') return String(Math.round(value));
  return value >= 0.001 && value < 1000 ? value.toPrecision(3) : value.toExponential(0);
}

const cellMarks: Mark[] = [
  {
    type: 'rect',
    from: { data: 'cells' },
    encode: {
      enter: {
        x: { scale: 'x', field: 'beta' },
        y: { scale: 'y', field: 'alpha' },
        width: { scale: 'x', band: 1 },
        height: { scale: 'y', band: 1 },
        stroke: { value: 'white' },
        strokeWidth: { value: 0.5 },
        fill: [
          { test: 'datum.value === null', value: '#dddddd' },
          { scale: 'colour', field: 'value' },
        ],
      },
    },
  },
  {
    type: 'text',
    from: { data: 'cells' },
    encode: {
      enter: {
        x: { scale: 'x', field: 'beta', band: 0.5 },
        y: { scale: 'y', field: 'alpha', band: 0.5 },
        text: { field: 'word' },
        fill: { field: 'ink' },
        align: { value: 'center' },
        baseline: { value: 'middle' },
        font: { value: font },
        fontSize: { value: 8 },
      },
    },
  },
];

interface ColourScale {
  readonly name: 'colour';
  readonly type: 'linear' | 'log';
  readonly domain: [number, number];
  readonly range: { readonly scheme: 'viridis' };
  readonly reverse: boolean;
}

/** One for all panels; what is better is brighter. */
function colourScale(settings: readonly SettingSummary[], figure: GridFigure): ColourScale {
  const type = figure === 'validAccuracy' ? 'linear' : 'log';
  const values = settings.map((setting) => setting[figure].mean);
  const [low = 1, high = 1] = extent(
    values.filter((value) => Number.isFinite(value) && (type === 'linear' || value > 0)),
  );
  const domain: [number, number] = low < high ? [low, high] : [low / 1.1, high * 1.1];
  return { name: 'colour', type, domain, range: { scheme: 'viridis' }, reverse: type === 'log' };
}

/** 0 for the darkest colour, 1 for the brightest. */
function brightness(value: number, { type, domain: [low, high], reverse }: ColourScale): number {
  const scale = type === 'log' ? Math.log : (x: number) => x;
  const share = (scale(value) - scale(low)) / (scale(high) - scale(low));
  return reverse ? 1 - share : share;
}

function band(name: 'x' | 'y', rates: readonly number[], length: number): Scale {
  return { name, type: 'band', domain: rates.map(rate), range: [0, length] };
}

/** `1e-3`, `1.4e-3`, `0`. */
function rate(value: number): string {
  return value === 0 ? '0' : value.toExponential();
}

function text(words: string, x: number, y: number, size: number): Mark {
  return {
    type: 'text',
    encode: {
      enter: {
        text: { value: words },
        x: { value: x },
        y: { value: y },
        align: { value: 'center' },
        font: { value: font },
        fontSize: { value: size },
        fill: { value: 'black' },
      },
    },
  };
}
