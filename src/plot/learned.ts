import { extent, max } from 'd3-array';
import { UsageError } from '../errors.js';
import type { Method } from '../methods/table.js';
import { readRuns, type RunFile, type Warn } from '../results/find.js';
import { learnedFileOf, readLearned } from '../results/learned.js';
import { withoutSeed } from '../results/path.js';
import type { LearnedRow } from '../results/writer.js';
import { outcomeSoFar } from '../summary/outcome.js';
import { linearAxis, logAxis, logAxisOver, type Axis } from './axis.js';
import type { Figure } from './export.js';
import { stackedFigure, titleOf } from './figure.js';
import { growingCurve, overSeeds, type GrowingCurve } from './growing.js';
import type { PanelAxes } from './panel.js';
import { facetsOf, styles, type Band, type Series } from './series.js';
import type { Point } from './thin.js';

/** What the runs of one setting learned besides α. */
export interface LearnedSeries {
  readonly method: Method;
  readonly rates: string;
  readonly label: string;
  /** By symbol, over the iterations; of several seeds their mean, and the area that they lie in. */
  readonly curves: ReadonlyMap<string, { readonly points: readonly Point[]; readonly band?: Band }>;
}

/** Most intervals of a curve. */
const most = 300;

/**
 * What runs that differ in their seed alone learned besides α; undefined where there is nothing to tell. Seeds that diverged
 * are left out, unless all did.
 */
export function learnedSeries(files: readonly RunFile[], warn: Warn): LearnedSeries | undefined {
  const learning = files.filter((file) => learnedFileOf(file) !== undefined);
  const [one] = learning;
  if (!one) return undefined;
  const runs = learning.flatMap((file) => curvesOf(file, warn) ?? []);
  const converged = learning.length > 1 ? runs.filter(({ diverged }) => !diverged) : runs;
  const drawn = converged.length > 0 ? converged : runs;
  const symbols = [...new Set(drawn.flatMap(({ curves }) => [...curves.keys()]))];
  if (symbols.length === 0) return undefined;
  const seeds = files.length > 1 ? `, ${drawn.length} of ${files.length} seeds` : '';
  return {
    ...{ method: one.method, rates: withoutSeed(one.rates), label: `${styles[one.method].label}${seeds}` },
    curves: new Map(
      symbols.map((symbol) => {
        const all = drawn.flatMap(({ curves }) => curves.get(symbol) ?? []);
        if (all.length === 1) return [symbol, { points: all[0]!.points() }];
        const { mean, ...band } = overSeeds(all, most);
        return [symbol, { points: mean, band }];
      }),
    ),
  };
}

function curvesOf(file: RunFile, warn: Warn): { curves: Map<string, GrowingCurve>; diverged: boolean } | undefined {
  const rows = learnedRows(file, warn);
  if (!rows) return undefined;
  const curves = new Map<string, GrowingCurve>();
  for (const { iteration, values } of rows) {
    for (const [symbol, value] of Object.entries(values)) {
      const curve = curves.get(symbol) ?? growingCurve(most);
      curves.set(symbol, curve);
      curve.add(iteration, value);
    }
  }
  const soFar = outcomeSoFar(undefined);
  // What cannot be read has been told of where the run's own curves were drawn.
  for (const run of readRuns([file], () => undefined)) for (const row of run.rows) soFar.add(row);
  return { curves, diverged: soFar.outcome(undefined).diverged };
}

function learnedRows(file: RunFile, warn: Warn): LearnedRow[] | undefined {
  try {
    return readLearned(learnedFileOf(file)!);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    warn(`${error.message}; left out`);
    return undefined;
  }
}

/** `alpha` of `alpha/conv1`: one panel has all parts of a model. */
const kindOf = (symbol: string) => symbol.split('/')[0] ?? symbol;
const kindTitles = new Map(
  Object.entries({
    alpha: 'Learning rates of the parts',
    beta: 'Learning rate β of α',
    mu: 'Momentum μ',
    beta1: 'β₁',
    beta2: 'β₂',
  }),
);

/** The figure of what the runs of a model learned besides α: a panel for each kind, over the iterations. */
export function learnedFigure(model: string, all: readonly LearnedSeries[], split?: boolean): Figure {
  const facets = facetsOf(all, split);
  const kinds = [...new Set(all.flatMap(({ curves }) => [...curves.keys()].map(kindOf)))].sort();
  const points = (kind?: string) =>
    all.flatMap(({ curves }) =>
      [...curves].flatMap(([symbol, { points, band }]) =>
        kind === undefined || kindOf(symbol) === kind ? [points, band?.low ?? [], band?.high ?? []].flat() : [],
      ),
    );
  const last = max(points(), ({ x }) => x) ?? 0;
  const iterations = { x: logAxisOver([2, Math.max(3, last)]), xTitle: 'Iteration' };
  const axes = kinds.map((kind): PanelAxes => {
    const y = axisOf(points(kind).map((point) => point.y));
    return { title: kindTitles.get(kind) ?? kind, ...iterations, curve: 'alpha', y };
  });
  return stackedFigure({
    headings: [titleOf(model), 'what is learned besides the rate'],
    columns: facets.map(({ rates, runs }) => ({
      rates,
      legend: runs.map(({ method, label }) => ({ ...styles[method], label })),
      panels: axes.map((axes, nth) => ({ facet: { runs: runs.flatMap((run) => seriesOf(run, kinds[nth]!)) }, axes })),
    })),
    below: true,
  });
}

/**
 * An axis that holds the values and a fortieth of their size about them, so that what hardly changes looks so. It is
 * logarithmic where they lie powers of ten apart, or their labels would not fit.
 */
function axisOf(values: readonly number[]): Axis {
  const [low = 0, high = 1] = extent(values.filter(Number.isFinite));
  const wide = [low - Math.abs(low) / 40, high + Math.abs(high) / 40];
  return low > 0 && (high > 100 * low || high < 1e-3) ? logAxis(wide) : linearAxis(wide);
}

/** A curve for each of a run's symbols of a kind. */
function seriesOf({ method, rates, label, curves }: LearnedSeries, kind: string): Series[] {
  const others = { alphaEpoch: [], lossEpoch: [], validLossEpoch: [], loss: [] };
  return [...curves]
    .filter(([symbol]) => kindOf(symbol) === kind)
    .map(([, { points, band }]) => {
      const bands = band && { bands: { alpha: band } };
      return { ...styles[method], ...{ method, rates, label }, ...others, alpha: points, ...bands };
    });
}
