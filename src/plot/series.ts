import { methodOrder, type Run, type RunFile } from '../results/find.js';
import type { Row } from '../results/row.js';
import { methods, specOf, type Method } from '../methods/table.js';
import { withoutSeed } from '../results/path.js';
import { outcomeSoFar } from '../summary/outcome.js';
import { growingCurve, overSeeds, type GrowingCurve, type SeedCurves } from './growing.js';
import { thin, type Point } from './thin.js';

/** How a method's curve looks: colours as published, and a pattern or width of its own for print without colour. */
export interface Style {
  readonly label: string;
  readonly colour: string;
  /** Lengths of dash and gap; none for a solid line. */
  readonly dash: readonly number[];
  readonly width: number;
}

export const styles = Object.fromEntries(
  methods.map((method): [Method, Style] => {
    const { label, style } = specOf(method);
    const [colour, , dash, width] = style;
    return [method, { label, colour, dash, width }];
  }),
) as Record<Method, Style>;

/** The insets' iterations: the reference's, without row 0, which a log axis cannot show. */
export const insetIterations = [2, 9000] as const;

/** Widths of an inset and of a panel in points. */
const [insetWidth, panelWidth] = [143, 287];

/** Columns a point of width that curves are thinned to: as fine as print; where there are many runs, as a screen. */
const [finest, coarsest] = [4, 1];
/** Runs that are drawn at the finest; a figure of more would take too much memory. */
const runsAtFinest = 48;

/** How fine the curves of a figure of so many runs are, in columns a point. */
export function detailOf(runs: number): number {
  return Math.max(coarsest, Math.min(finest, (finest * runsAtFinest) / runs));
}

/** A run as the figure draws it: points by epoch for the panels, by iteration for the insets. */
export interface Series extends Style {
  readonly method: Method;
  readonly rates: string;
  readonly alphaEpoch: readonly Point[];
  readonly lossEpoch: readonly Point[];
  readonly validLossEpoch: readonly Point[];
  readonly alpha: readonly Point[];
  readonly loss: readonly Point[];
  /** Where a curve is the mean over seeds: the lowest and the highest of them. */
  readonly bands?: Readonly<Partial<Record<CurveName, Band>>>;
}

export type CurveName = 'alphaEpoch' | 'lossEpoch' | 'validLossEpoch' | 'alpha' | 'loss';

/** The edges of the area that the curves of several seeds lie in. */
export interface Band {
  readonly low: readonly Point[];
  readonly high: readonly Point[];
}

/** The curves of a run, thinned to `detail` columns a point, so that its rows need not be kept. */
export function seriesOf(run: Run, detail = finest): Series {
  const style = styles[run.method];
  const label = run.finished ? style.label : `${style.label} (${endOf(run)})`;
  return { ...style, label, method: run.method, rates: run.rates, ...curvesOf(run.rows, detail) };
}

/** Most intervals of a seeds' curve: by epoch, and by iteration in an inset, where means smooth what a mini-batch's loss jumps. */
const [mostEpochs, mostIterations] = [600, 150];

/**
 * The curves of runs that differ in their seed alone, as one: their mean, and the area that they lie in. Those that have
 * diverged are left out, and the label counts them, unless all have.
 */
export function seedSeries(runs: Iterable<Run>): Series | undefined {
  const converged: Record<CurveName, GrowingCurve>[] = [];
  const diverged: Record<CurveName, GrowingCurve>[] = [];
  let [one, unfinished]: [Run | undefined, number] = [undefined, 0];
  for (const run of runs) {
    one = { ...run, rows: [] };
    if (!run.finished) unfinished++;
    const soFar = outcomeSoFar(undefined);
    for (const row of run.rows) soFar.add(row);
    (soFar.outcome(run.record).diverged ? diverged : converged).push(growingOf(run.rows));
  }
  if (!one) return undefined;
  const drawn = converged.length > 0 ? converged : diverged;
  const of = (name: CurveName) => {
    const curves = drawn.map((curve) => curve[name]);
    return overSeeds(curves, mostOf(name));
  };
  const all: Record<CurveName, SeedCurves> = {
    ...{ alphaEpoch: of('alphaEpoch'), lossEpoch: of('lossEpoch'), validLossEpoch: of('validLossEpoch') },
    ...{ alpha: of('alpha'), loss: of('loss') },
  };
  const count = converged.length + diverged.length;
  const seeds = drawn.length < count ? `${drawn.length} of ${count} seeds` : count === 1 ? '1 seed' : `${count} seeds`;
  const { method, rates } = one;
  return {
    ...styles[method],
    label: `${styles[method].label}, ${seeds}${unfinished > 0 ? ` (${unfinished} unfinished)` : ''}`,
    ...{ method, rates: withoutSeed(rates), bands: all },
    ...{ alphaEpoch: all.alphaEpoch.mean, lossEpoch: all.lossEpoch.mean, validLossEpoch: all.validLossEpoch.mean },
    ...{ alpha: all.alpha.mean, loss: all.loss.mean },
  };
}

function mostOf(name: CurveName): number {
  return name.endsWith('Epoch') ? mostEpochs : mostIterations;
}

function growingOf(rows: readonly Row[]): Record<CurveName, GrowingCurve> {
  const curve = (name: CurveName) => growingCurve(mostOf(name));
  const curves: Record<CurveName, GrowingCurve> = {
    ...{ alphaEpoch: curve('alphaEpoch'), lossEpoch: curve('lossEpoch'), validLossEpoch: curve('validLossEpoch') },
    ...{ alpha: curve('alpha'), loss: curve('loss') },
  };
  const [first, last] = insetIterations;
  for (const row of rows) {
    if (!Number.isNaN(row.lossEpoch) || !Number.isNaN(row.validLossEpoch)) {
      for (const name of ['alphaEpoch', 'lossEpoch', 'validLossEpoch'] as const) curves[name].add(row.epoch, row[name]);
    }
    if (row.iteration >= first && row.iteration <= last) {
      for (const name of ['alpha', 'loss'] as const) curves[name].add(row.iteration, row[name]);
    }
  }
  return curves;
}

function curvesOf(rows: readonly Row[], detail: number): Readonly<Record<CurveName, Point[]>> {
  const due = rows.filter((row) => !Number.isNaN(row.lossEpoch) || !Number.isNaN(row.validLossEpoch));
  const [first, last] = insetIterations;
  const inset = rows.filter(({ iteration }) => iteration >= first && iteration <= last);
  const scale = (detail * insetWidth) / Math.log(last / first);
  const columnOf = (iteration: number) => Math.floor(scale * Math.log(iteration / first));
  const lastEpoch = Math.max(1, due.at(-1)?.epoch ?? 1);
  const byEpoch = (y: NumericColumn) =>
    thin(
      due.map((row) => point(row, 'epoch', y)),
      (epoch) => Math.floor((detail * panelWidth * epoch) / lastEpoch),
    );
  const byIteration = (y: NumericColumn) =>
    thin(
      inset.map((row) => point(row, 'iteration', y)),
      columnOf,
    );
  return {
    alphaEpoch: byEpoch('alphaEpoch'),
    lossEpoch: byEpoch('lossEpoch'),
    validLossEpoch: byEpoch('validLossEpoch'),
    alpha: byIteration('alpha'),
    loss: byIteration('loss'),
  };
}

/** How a run that has not finished stands: 'interrupted', 'failed'; or as a file alone tells. */
function endOf({ record }: Run): string {
  return record === undefined || record.state === 'running' ? 'unfinished' : record.state;
}

/** Runs of one column of a figure. */
export interface Facet<R> {
  /** The folder `<alpha_0>_<beta>`, or undefined where a column holds several folders' runs. */
  readonly rates?: string;
  readonly runs: readonly R[];
}

/**
 * A model's runs as columns of a figure: all in one, as published, where no method occurs twice; otherwise, or if
 * `split`, a column for each folder of rates.
 */
export function facetsOf<R extends Pick<RunFile, 'rates' | 'method'>>(runs: readonly R[], split = false): Facet<R>[] {
  const inLegendOrder = [...runs].sort((a, b) => methodOrder.indexOf(a.method) - methodOrder.indexOf(b.method));
  const unique = new Set(runs.map((run) => run.method)).size === runs.length;
  if (unique && !split) return [{ runs: inLegendOrder }];
  const rates = [...new Set(runs.map((run) => run.rates))];
  return rates.map((folder) => ({ rates: folder, runs: inLegendOrder.filter((run) => run.rates === folder) }));
}

type NumericColumn = Exclude<keyof Row, 'epoch' | 'iteration' | 'validAccuracy'>;

function point(row: Row, x: 'epoch' | 'iteration', y: NumericColumn): Point {
  const value = row[y];
  return { x: row[x], y: Number.isFinite(value) ? value : NaN };
}
