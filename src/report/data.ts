import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { group, min, sort } from 'd3-array';
import { readError } from '../files.js';
import { shown } from '../text.js';
import { detailOf, seriesOf, type Style } from '../plot/series.js';
import { thin, type Point } from '../plot/thin.js';
import type { Method } from '../optimizers/methods.js';
import { methodOrder, readRuns, type Run, type RunFile, type Warn } from '../results/find.js';
import type { RunRecord } from '../results/record.js';
import type { Row } from '../results/row.js';

/** x and y of a curve's points; y is null where it is not a finite number. */
export type Curve = readonly [x: readonly number[], y: readonly (number | null)[]];
export type Curves = Readonly<Record<'alpha' | 'loss' | 'validLoss', Curve>>;

export interface ReportRun extends Style {
  readonly method: Method;
  readonly rates: string;
  readonly finished: boolean;
  readonly curves: Readonly<Record<'epoch' | 'iteration', Curves>>;
  readonly final: FinalValues;
  readonly provenance: Provenance;
}

/** Where a run ended; the losses are those of its last complete epoch. */
export interface FinalValues {
  readonly epoch: number;
  readonly iteration: number;
  readonly loss: number;
  readonly validLoss: number;
  /** The lowest validation loss of any epoch. */
  readonly bestValidLoss: number;
  /** Share of the test images that are classified right after the last complete epoch; NaN where no record tells. */
  readonly validAccuracy: number;
  readonly alpha: number;
  readonly seconds: number;
  readonly secondsAnIteration: number;
}

/** What a run was and where its figures come from, as far as its file tells. */
export interface Provenance {
  readonly path: string;
  readonly alpha0: number;
  readonly beta: number;
  readonly rows: number;
  /** NaN before the first epoch is complete. */
  readonly iterationsAnEpoch: number;
  readonly modified: Date;
  readonly sha256: string;
  readonly record: RunRecord | undefined;
}

export interface ReportModel {
  readonly model: string;
  readonly runs: readonly ReportRun[];
}

/** Every run, by model, thinned to what a screen can show; where there are many, to what a page can hold. */
export function reportModels(files: readonly RunFile[], warn: Warn): ReportModel[] {
  return Array.from(
    group(files, (file) => file.model),
    ([model, ofModel]) => ({
      model,
      runs: sort(
        Array.from(readRuns(ofModel, warn), (run) => reportRun(run, detailOf(files.length))),
        ({ method }) => methodOrder.indexOf(method),
      ),
    }),
  ).filter(({ runs }) => runs.length > 0);
}

function reportRun(run: Run, detail: number): ReportRun {
  const { colour, dash, width, label, alphaEpoch, lossEpoch, validLossEpoch } = seriesOf(run, detail);
  const byIteration = (y: 'alpha' | 'loss' | 'validLossEpoch', rows = run.rows) =>
    screenCurve(
      rows.map((row) => ({ x: row.iteration, y: row[y] })),
      detail,
    );
  const closed = closedEpochs(run.rows);
  return {
    colour,
    dash,
    width,
    label,
    method: run.method,
    rates: run.rates,
    finished: run.finished,
    curves: {
      epoch: { alpha: toCurve(alphaEpoch), loss: toCurve(lossEpoch), validLoss: toCurve(validLossEpoch) },
      iteration: {
        alpha: byIteration('alpha'),
        loss: byIteration('loss'),
        validLoss: byIteration('validLossEpoch', closed),
      },
    },
    final: finalValues(run, closed),
    provenance: provenance(run, closed),
  };
}

function closedEpochs(rows: readonly Row[]): Row[] {
  return rows.filter((row) => !Number.isNaN(row.validLossEpoch) || !Number.isNaN(row.lossEpoch));
}

function finalValues({ rows, record }: Run, closed: readonly Row[]): FinalValues {
  const [last, lastClosed] = [rows.at(-1), closed.at(-1)];
  const [iteration, seconds] = [last?.iteration ?? NaN, last?.time ?? NaN];
  return {
    epoch: last?.epoch ?? NaN,
    iteration,
    loss: lastClosed?.lossEpoch ?? NaN,
    validLoss: lastClosed?.validLossEpoch ?? NaN,
    // d3's min passes over NaN.
    bestValidLoss: min(closed, (row) => row.validLossEpoch) ?? NaN,
    validAccuracy: record?.final.validAccuracy ?? NaN,
    alpha: last?.alpha ?? NaN,
    seconds,
    // Iterations are counted from 1 before the first step is logged.
    secondsAnIteration: iteration > 1 ? seconds / (iteration - 1) : NaN,
  };
}

function provenance({ path, rows, record }: Run, closed: readonly Row[]): Provenance {
  const firstEpoch = closed.find(({ epoch }) => epoch === 1);
  return {
    path,
    alpha0: rows[0]?.alpha ?? NaN,
    beta: rows[0]?.beta ?? NaN,
    rows: rows.length,
    iterationsAnEpoch: firstEpoch ? firstEpoch.iteration - 1 : NaN,
    ...stateOf(path),
    record,
  };
}

/** @throws UsageError where the file has gone since its rows were read. */
function stateOf(path: string): Pick<Provenance, 'modified' | 'sha256'> {
  try {
    return {
      modified: statSync(path).mtime,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    };
  } catch (error) {
    throw readError(shown(path), error);
  }
}

/**
 * Fine enough for a screen on a linear and on a log axis alike, where either begins or ends: at the finest detail, 4,
 * that is 300 and 200 columns; never less than half of that.
 */
function screenCurve(points: readonly Point[], detail: number): Curve {
  const last = Math.max(2, points.at(-1)?.x ?? 0);
  const columns = 100 * Math.max(0.5, detail / 4);
  const linear = thin(points, (x) => Math.floor((3 * columns * x) / last));
  const log = thin(points, (x) => Math.floor((2 * columns * Math.log(Math.max(1, x))) / Math.log(last)));
  return toCurve([...new Set([...linear, ...log])].sort((a, b) => a.x - b.x));
}

/** Sizes that a chart's axis can go to. */
const [smallest, largest] = [1e-250, 1e250];

/** Six digits: more than a screen tells apart. */
function toCurve(points: readonly Point[]): Curve {
  return [points.map(({ x }) => x), points.map(({ y }) => chartable(y))];
}

function chartable(y: number): number | null {
  if (!(Math.abs(y) <= largest)) return null;
  return Math.abs(y) < smallest ? 0 : Number(y.toPrecision(6));
}
