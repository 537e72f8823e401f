import { max, sum } from 'd3-array';
import type { Data, Mark } from 'vega';
import type { Figure } from './export.js';
import { specOf } from '../methods/table.js';
import { shown } from '../text.js';
import { insetAxis, linearAxis, logAxis, logAxisOver } from './axis.js';
import { boxHeight, font, legendBox, mostInside, type Entry } from './legend.js';
import { panelMark, panelSize, type FigureFacet, type PanelAxes } from './panel.js';
import { insetIterations, type CurveName, type Series } from './series.js';

/** Space around and between the panels, in points, measured off the published figures. */
const page = { left: 72, right: 14, top: 22, bottom: 38, gap: 15.5, titleLine: 16, legend: 8 };
const facetsPerLine = 6;

const titles = new Map([
  ['logreg', 'Logistic regression (on MNIST)'],
  ['mlp', 'Multi-layer neural network (on MNIST)'],
  ['vgg', 'VGG Net (on CIFAR-10)'],
]);

/** What a figure of a model is headed: the published heading, or the name of the model's folder. */
export function titleOf(model: string): string {
  return titles.get(model) ?? shown(model, 200);
}

/**
 * The figure of a model, as published: learning rate, training loss and validation loss by epoch, one panel over the
 * other; the first two with an inset by iteration. Of more curves than have room beside an inset, that is a panel too.
 * Facets stand side by side, all on the same axes.
 */
export function modelFigure(model: string, facets: readonly FigureFacet[], subtitle?: string): Figure {
  const all = facets.flatMap((facet) => [...facet.runs, ...(facet.under ?? [])]);
  const values = (curve: CurveName, axis: 'x' | 'y') =>
    all.flatMap((series) => {
      const { low = [], high = [] } = series.bands?.[curve] ?? {};
      return [series[curve], low, high].flatMap((points) => points.map((point) => point[axis]));
    });
  const epochs = { x: linearAxis(values('alphaEpoch', 'x')), xTitle: 'Epoch' };
  const farApart = areFarApart(all);
  const rate: PanelAxes = {
    title: 'Learning rate',
    ...epochs,
    ...{ curve: 'alphaEpoch', y: (farApart ? logAxis : linearAxis)(values('alphaEpoch', 'y')) },
  };
  const loss: PanelAxes = {
    title: 'Training loss',
    ...epochs,
    ...{ curve: 'lossEpoch', y: logAxis(values('lossEpoch', 'y')) },
  };
  const validLoss: PanelAxes = {
    title: 'Validation loss',
    ...epochs,
    ...{ curve: 'validLossEpoch', y: logAxis(values('validLossEpoch', 'y')) },
  };
  const crowded = facets.some(({ runs }) => runs.length > mostInside);
  const iterations = {
    x: logAxisOver(crowded ? insetRange(values('loss', 'x')) : insetIterations),
    xTitle: 'Iteration',
  };
  const rateInside = {
    ...iterations,
    curve: 'alpha',
    y: (farApart ? logAxis : insetAxis)(values('alpha', 'y')),
  } as const;
  const lossInside = { ...iterations, curve: 'loss', y: (crowded ? logAxis : insetAxis)(values('loss', 'y')) } as const;
  const panels: PanelAxes[] = crowded
    ? [rate, loss, validLoss, { ...rate, ...rateInside }, { ...loss, ...lossInside }]
    : [{ ...rate, inset: rateInside }, { ...loss, inset: lossInside }, validLoss];
  return stackedFigure({
    headings: [titleOf(model), subtitle],
    columns: facets.map((facet) => ({
      rates: facet.rates,
      legend: facet.runs,
      panels: panels.map((axes) => ({ facet, axes })),
    })),
    below: crowded,
  });
}

export interface StackedFigure {
  readonly headings: readonly (string | undefined)[];
  /** All have the same axes. */
  readonly columns: readonly {
    readonly rates: string | undefined;
    readonly legend: readonly Entry[];
    readonly panels: readonly { readonly facet: FigureFacet; readonly axes: PanelAxes }[];
  }[];
  /** Whether the legends stand below the panels: in the last there is no room for them. */
  readonly below: boolean;
}

/** Panels one over the other, in columns side by side; of those with one x axis, the lowest has its labels. */
export function stackedFigure({ headings, columns, below }: StackedFigure): Figure {
  const lines = headings.filter((text) => text !== undefined).length;
  const head = page.top + (lines - 1) * page.titleLine + (columns.some(({ rates }) => rates) ? page.titleLine : 0);
  const axes = columns[0]?.panels.map((panel) => panel.axes) ?? [];
  const isLowest = axes.map(({ x }, nth) => axes[nth + 1]?.x !== x);
  const heights = isLowest.map((lowest) => panelSize.height + (lowest ? page.bottom : page.gap));
  const bottom = head + sum(heights);
  const width = page.left + panelSize.width + page.right;
  const box = { x: page.legend, y: bottom, width: width - 2 * page.legend };
  const boxes = below ? Math.max(...columns.map(({ legend }) => boxHeight(legend, box.width))) + page.legend : 0;
  const size = { width, height: bottom + boxes };
  return {
    width: size.width * Math.min(columns.length, facetsPerLine),
    height: size.height * Math.ceil(columns.length / facetsPerLine),
    lineHeight: size.height,
    parts: columns.map(({ rates, legend, panels }, index) => ({
      x: (index % facetsPerLine) * size.width,
      y: Math.floor(index / facetsPerLine) * size.height,
      spec: {
        $schema: 'https://vega.github.io/schema/vega/v6.json',
        ...size,
        padding: 0,
        autosize: 'none',
        config: {
          axis: { labelFont: font, titleFont: font, labelFontSize: 10, titleFontSize: 10, titleFontWeight: 'normal' },
          legend: { labelFont: font, labelFontSize: 10 },
        },
        data: [headingData([...headings, rates && ratesTitle(rates)])],
        marks: [
          headingMark,
          ...panels.map(({ facet, axes }, nth) => {
            const last = nth === panels.length - 1;
            return panelMark(facet, axes, {
              x: page.left,
              y: head + sum(heights.slice(0, nth)),
              labelled: isLowest[nth]!,
              legend: last && !below ? legend : [],
            });
          }),
          ...(below ? [legendBox(legend, box)] : []),
        ],
      },
    })),
  };
}

/** The inset's iterations, as far as there are any. */
function insetRange(iterations: readonly number[]): [number, number] {
  const [first, last] = insetIterations;
  return [first, Math.max(first + 1, Math.min(last, max(iterations) ?? last))];
}

/** Rates this many times apart would be one line on a linear axis. */
const farTimes = 100;

/**
 * Whether learning rates ask for a log axis: where some method finds its own, they lie powers of ten apart. The published
 * methods' axis is linear, as published.
 */
function areFarApart(all: readonly Series[]): boolean {
  if (all.every(({ method }) => specOf(method).published)) return false;
  const rates = all.map(({ alphaEpoch }) => alphaEpoch.map(({ y }) => y).filter((y) => !Number.isNaN(y)));
  if (rates.some((curve) => curve.some((y) => y < 0))) return false;
  const last = rates.flatMap((curve) => curve.at(-1) ?? []).filter((y) => y > 0);
  return Math.max(...last) > farTimes * Math.min(...last);
}

/** A folder's name, `+1e-03_+1e-07`, in words, what it tells besides after them; any other name as it is. */
function ratesTitle(rates: string): string {
  const [, alpha, beta, more] = /^\+?([^/]+)_\+?([^/]+?)(?:\/(.+))?$/.exec(rates) ?? [];
  if (!alpha || !beta) return shown(rates, 200);
  const told = [`α₀ = ${alpha}`, `β = ${beta}`, ...(more === undefined ? [] : [more])];
  return shown(told.filter((text) => !text.endsWith('= none')).join(', ') || 'neither α₀ nor β', 200);
}

/** Headings are data: of a text in a specification, such as 'constructor', Vega may think that it is a name of its own. */
function headingData(texts: readonly (string | undefined)[]): Data {
  const shownTexts = texts.filter((text) => text !== undefined);
  const y = (line: number) => page.top - 6 + line * page.titleLine;
  return {
    name: 'headings',
    values: shownTexts.map((text, line) => ({ text, y: y(line), size: line === 0 ? 12 : 10 })),
  };
}

const headingMark: Mark = {
  type: 'text',
  from: { data: 'headings' },
  encode: {
    enter: {
      text: { field: 'text' },
      x: { value: page.left + panelSize.width / 2 },
      y: { field: 'y' },
      align: { value: 'center' },
      // Without a canvas Vega takes a letter for 0.8 em wide; in this face it is 0.6.
      limit: { value: ((panelSize.width + page.left) * 0.8) / 0.6 },
      font: { value: font },
      fontSize: { field: 'size' },
      fill: { value: 'black' },
    },
  },
};
