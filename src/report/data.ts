import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { overSeeds, type GrowingCurve } from '../plot/growing.js';
import { titleOf } from '../plot/figure.js';
import { styles } from '../plot/series.js';
import type { Point } from '../plot/thin.js';
import { has, specOf, type Method } from '../methods/table.js';
import { UsageError } from '../errors.js';
import { readError, readWhole } from '../files.js';
import { methodOrder, runName, type RunFile, type Warn } from '../results/find.js';
import { learnedFileOf, learnedSymbols, readLearned } from '../results/learned.js';
import { withoutSeed } from '../results/path.js';
import type { RunRecord, RunState } from '../results/record.js';
import type { LearnedRow } from '../results/writer.js';
import { lastIteration } from '../run/settings.js';
import { statistic } from '../summary/summary.js';
import type { Outcome } from '../summary/outcome.js';
import { shown } from '../text.js';
import { learnedIntervals, quantities, type By, type GrowingCurves, type Quantity } from './run.js';
import { darkColours } from './styles.js';

/** What a page shows. It becomes JSON, in which what is no finite number is null. */
export interface PageData {
  readonly dir: string;
  /** The loss that `reached` is about. */
  readonly reach: number | null;
  readonly methods: Readonly<Record<Method, MethodStyle>>;
  readonly settings: readonly SettingView[];
  readonly runs: readonly RunView[];
  /** Lines about what cannot be read. */
  readonly leftOut: readonly string[];
}

export interface MethodStyle {
  readonly label: string;
  readonly colour: string;
  readonly dark: string;
  readonly dash: readonly number[];
  readonly width: number;
  /** Whether it has an α₀, and a β. */
  readonly hasAlpha0: boolean;
  readonly hasBeta: boolean;
}

/** Runs that differ in nothing but their seed. */
export interface SettingView {
  readonly key: string;
  /** Texts that sort as the page has the settings: by model, in the legends' order of methods, by rates. */
  readonly order: string;
  readonly model: string;
  /** What the model's section is headed. */
  readonly title: string;
  readonly method: Method;
  /** `+1e-03_+1e-07`, and what more its path tells after it. */
  readonly rates: string;
  /** Of its first row; what of them the method has not, all its settings have in common. */
  readonly alpha0: number | null;
  readonly beta: number | null;
  readonly runs: number;
  readonly finished: number;
  /** How far the unfinished ones have got, 0 to 1; null where there are none, or nothing tells. */
  readonly progress: number | null;
  /** The state of an unfinished run, where it is the only one. */
  readonly state: ViewState;
  /** The seeds of those that have diverged. */
  readonly diverged: readonly string[];
  /** Over its finished runs that have not diverged; where there are none, over all. */
  readonly figures: Readonly<Record<FigureName, Figure>>;
  /** The symbols of what it learns besides α, as `mu`, `alpha/<layer>`. */
  readonly learned: readonly string[];
  /** Grows whenever its curves do; 0 where they stay. */
  readonly version: number;
}

export const figureNames = [
  ...(['epoch', 'iteration', 'loss', 'bestLoss', 'validLoss', 'bestValidLoss', 'validAccuracy'] as const),
  ...(['alpha', 'seconds', 'secondsAnIteration', 'reached'] as const),
] as const;
export type FigureName = (typeof figureNames)[number];

export interface Figure {
  readonly count: number;
  readonly mean: number | null;
  readonly deviation: number | null;
}

/** A run's state as its record tells; `unfinished` where none does. */
export type ViewState = RunState | 'unfinished';

export interface RunView {
  readonly key: string;
  /** `model/rates/method`. */
  readonly name: string;
  readonly order: string;
  /** The key of its setting. */
  readonly setting: string;
  readonly model: string;
  readonly method: Method;
  readonly path: string;
  readonly seed: string | null;
  readonly state: ViewState;
  readonly iteration: number | null;
  /** The iteration that it ends with; null where nothing limits it beforehand. */
  readonly last: number | null;
  /** Seconds that it still takes, while it runs. */
  readonly secondsLeft: number | null;
  readonly error: string | null;
  /** What makes it go on, or tries it again. */
  readonly command: string | null;
  /** Its line in the table of settings, by `provenanceTitles`; null on a page of too many runs. */
  readonly provenance: readonly string[] | null;
}

/** A run as it was read. */
export interface RunFacts {
  readonly file: RunFile;
  readonly record: RunRecord | undefined;
  readonly outcome: Outcome;
  /** The symbols of what it learns besides α. */
  readonly learned: readonly string[];
  readonly state: ViewState;
  /** When its file was written. */
  readonly modified: Date;
}

/** x, y, and over seeds the lowest and the highest y; null where there is none. */
export type Curve = readonly [x: readonly number[], ...ys: (readonly (number | null)[])[]];
export type Curves = Readonly<Record<Quantity, Curve>> & {
  /** What is learned besides α, by symbol. */
  readonly learned: Readonly<Record<string, Curve>>;
};

/** A page of more runs has no table of what each of them was. */
export const mostProvenance = 300;

export const methodStyles = Object.fromEntries(
  methodOrder.map((method): [Method, MethodStyle] => {
    const rates = { hasAlpha0: has(method, 'alpha_0'), hasBeta: has(method, 'beta') };
    return [method, { ...styles[method], dark: darkColours[method], ...rates }];
  }),
) as Record<Method, MethodStyle>;

/** The same for the runs of one setting. */
export function settingKey(file: RunFile): string {
  return keyOf({ ...file, rates: withoutSeed(file.rates) });
}

/** A hash of `model/rates/method`: whatever folders are called, it may stand anywhere in a page and an address. */
function keyOf(file: RunFile): string {
  return createHash('sha256').update(runName(file)).digest('hex').slice(0, 16);
}

function orderOf({ model, method, rates }: RunFile): string {
  return [model, String(methodOrder.indexOf(method)).padStart(4, '0'), rates].join('\0');
}

/** The command that makes an unfinished run go on, or tries it again. */
export type Repeat = (record: RunRecord, path: string) => string;

export function runView(
  facts: RunFacts,
  repeat: Repeat | undefined,
  { withProvenance }: { withProvenance: boolean },
): RunView {
  const { file, record, outcome, state } = facts;
  const last = record ? lastIteration(record) : Infinity;
  const iteration = outcome.last?.iteration ?? NaN;
  const pace = iteration > 1 ? (outcome.last?.time ?? NaN) / (iteration - 1) : NaN;
  // A run's time is its share of what all that are trained with it take.
  const together = record?.together ?? 1;
  const idle = state === 'interrupted' || state === 'failed';
  return {
    ...{ key: keyOf(file), name: shown(runName(file)), order: orderOf(file), setting: settingKey(file) },
    ...{ model: shown(file.model, 200), method: file.method, path: shown(file.path), state },
    seed: seedOf(record),
    iteration: orNull(iteration),
    last: orNull(last),
    secondsLeft: state === 'running' ? orNull((last - iteration) * pace * together) : null,
    error: state === 'failed' && record?.error != null ? shown(record.error, 2000) : null,
    command: record && repeat && idle ? shown(repeat(record, file.path)) : null,
    provenance: withProvenance ? provenanceOf(facts) : null,
  };
}

function seedOf(record: RunRecord | undefined): string | null {
  return record?.settings.seed == null ? null : shown(String(record.settings.seed), 100);
}

/** @param runs of one setting, one at least. */
export function settingView(runs: readonly RunFacts[], version: number): SettingView {
  const [one] = runs as [RunFacts];
  const rates = withoutSeed(one.file.rates);
  const finished = runs.filter(({ state }) => state === 'finished');
  const converged = finished.filter(({ outcome }) => !outcome.diverged);
  const counted = [converged, finished, runs].find((some) => some.length > 0) ?? runs;
  const figures = counted.map(figuresOf);
  const shares = runs.filter(({ state }) => state !== 'finished').map(shareOf);
  return {
    key: settingKey(one.file),
    order: orderOf({ ...one.file, rates }),
    model: shown(one.file.model, 200),
    title: titleOf(one.file.model),
    method: one.file.method,
    rates: shown(rates, 200),
    alpha0: orNull(one.outcome.first?.alpha ?? NaN),
    beta: orNull(one.outcome.first?.beta ?? NaN),
    ...{ runs: runs.length, finished: finished.length },
    progress: shares.length === 0 ? null : orNull(shares.reduce((sum, share) => sum + share, 0) / shares.length),
    state: runs.find(({ state }) => state !== 'finished')?.state ?? 'finished',
    diverged: runs
      .filter(({ outcome }) => outcome.diverged)
      .map(({ record, file }) => seedOf(record) ?? shown(file.path, 200)),
    figures: Object.fromEntries(
      figureNames.map((name) => {
        const { count, mean, deviation } = statistic(figures.map((each) => each[name]));
        return [name, { count, mean: orNull(mean), deviation: orNull(deviation) }];
      }),
    ) as unknown as Record<FigureName, Figure>,
    learned: [...new Set(runs.flatMap(({ learned }) => learned))],
    version,
  };
}

function shareOf({ record, outcome }: RunFacts): number {
  return record ? Math.min(1, (outcome.last?.iteration ?? 0) / lastIteration(record)) : NaN;
}

function figuresOf({ outcome, record }: RunFacts): Record<FigureName, number> {
  const { last, loss, bestLoss, validLoss, bestValidLoss, reached } = outcome;
  const [iteration, seconds] = [last?.iteration ?? NaN, last?.time ?? NaN];
  return {
    ...{ epoch: last?.epoch ?? NaN, iteration, loss, bestLoss, validLoss, bestValidLoss, reached },
    validAccuracy: record?.final.validAccuracy ?? NaN,
    alpha: last?.alpha ?? NaN,
    seconds,
    // Iterations are counted from 1 before the first step is logged.
    secondsAnIteration: iteration > 1 ? seconds / (iteration - 1) : NaN,
  };
}

/** The columns of a table of what each run was; those of `recordTitles` are empty where no record tells. */
export const provenanceTitles = [
  ...['α₀', 'β', 'Rows', 'Iterations an epoch', 'State', 'Written (UTC)'],
  ...['Seed', 'Batch', 'Engine', 'Data', 'hypergrad', 'Machine', 'Id'],
  ...['File', 'SHA-256'],
] as const;

function provenanceOf({ file: { path, method }, outcome, record, state, modified }: RunFacts): string[] {
  const { first, rows, iterationsAnEpoch } = outcome;
  // A published method's path has a β, though it may not use it.
  const isPublished = specOf(method).published === true;
  const alpha0 = has(method, 'alpha_0') ? first?.alpha : NaN;
  const beta = isPublished || has(method, 'beta') ? first?.beta : NaN;
  return [
    ...[alpha0, beta, rows, iterationsAnEpoch].map((value = NaN) => (Number.isNaN(value) ? '–' : String(value))),
    state,
    modified.toISOString().slice(0, 19).replace('T', ' '),
    ...(record ? recordCells(record) : Array<string>(7).fill('')),
    path,
    state === 'running' ? '' : sha256Of(path),
  ].map((text) => shown(text));
}

/** @throws UsageError where the file has gone since its rows were read. */
function sha256Of(path: string): string {
  try {
    return createHash('sha256').update(readWhole(path)).digest('hex');
  } catch (error) {
    throw readError(shown(path), error);
  }
}

function recordCells({ settings, engine, data, code, machine, id }: RunRecord): string[] {
  return [
    String(settings.seed),
    String(settings.batchSize),
    `${engine.name}, ${engine.version}`,
    `${data.name}, ${data.train} + ${data.test}`,
    code,
    `${machine.processor}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}`,
    id,
  ];
}

/** Has `take` the rows of what a run learned besides α, where there is a file of that; one that cannot be read is told and passed over. */
export function readLearnedOf(file: RunFile, take: (row: LearnedRow) => void, warn: Warn): void {
  const path = learnedFileOf(file);
  if (path !== undefined) passOver(() => readLearned(path).forEach(take), warn);
}

/** The symbols of what a run learns besides α. */
export function symbolsOf(file: RunFile, warn: Warn): readonly string[] {
  const path = learnedFileOf(file);
  return path === undefined ? [] : (passOver(() => learnedSymbols(path), warn) ?? []);
}

function passOver<T>(read: () => T, warn: Warn): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    warn(`${error.message}; what was learned besides α is left out`);
    return undefined;
  }
}

/** The state of a file of rows, as its record tells, where one is beside it. */
export function stateOf({ finished }: RunFile, record: RunRecord | undefined): ViewState {
  return finished ? 'finished' : (record?.state ?? 'unfinished');
}

/** @throws UsageError where the file has gone. */
export function modifiedOf(path: string): Date {
  try {
    return statSync(path).mtime;
  } catch (error) {
    throw readError(shown(path), error);
  }
}

export interface DrawnRun {
  readonly curves: GrowingCurves;
  readonly diverged: boolean;
}

/**
 * The curves of a setting: of one run, all that a screen can show; of several, their mean, lowest and highest, without those
 * that have diverged, unless all have.
 *
 * @param intervals as the runs' curves were made with.
 */
export function curvesOf(runs: readonly DrawnRun[], by: By, intervals: number): Curves {
  const converged = runs.filter(({ diverged }) => !diverged);
  const drawn = converged.length > 0 ? converged : runs;
  const curve = (all: readonly GrowingCurve[], most: number) =>
    runs.length === 1 ? plainCurve(all[0]) : seedCurve(all, most);
  const symbols = [...new Set(drawn.flatMap(({ curves }) => [...curves[by].learned.keys()]))];
  const most = learnedIntervals(intervals, symbols.length);
  return {
    ...(Object.fromEntries(
      quantities.map((quantity) => [
        quantity,
        curve(
          drawn.map(({ curves }) => curves[by][quantity]),
          intervals,
        ),
      ]),
    ) as Record<Quantity, Curve>),
    learned: Object.fromEntries(
      symbols.map((symbol) => [
        symbol,
        curve(
          drawn.flatMap(({ curves }) => curves[by].learned.get(symbol) ?? []),
          most,
        ),
      ]),
    ),
  };
}

function plainCurve(curve: GrowingCurve | undefined): Curve {
  const points = curve?.points() ?? [];
  return [points.map(({ x }) => x), points.map(chartable)];
}

function seedCurve(curves: readonly GrowingCurve[], intervals: number): Curve {
  const { mean, low, high } = overSeeds(curves, intervals);
  return [mean.map(({ x }) => rounded(x)), mean.map(chartable), low.map(chartable), high.map(chartable)];
}

/** Sizes that a chart's axis can go to. */
const [smallest, largest] = [1e-250, 1e250];

function chartable({ y }: Point): number | null {
  if (!(Math.abs(y) <= largest)) return null;
  return Math.abs(y) < smallest ? 0 : rounded(y);
}

/** Six digits: more than a screen tells apart. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
