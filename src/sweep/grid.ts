import { UsageError } from '../errors.js';
import { has, methodsWith, type Method, type OwnOption } from '../methods/table.js';
import type { Settings } from '../run/settings.js';

/** Values of each option, of which a run has one: its runs are all combinations. */
export type Grid<Options> = { readonly [Name in keyof Options]: readonly Options[Name][] };

/** A grid, and which of its runs are left out: those that have, of some entry, one of the values of each option there. */
export interface PartOfGrid<Options> {
  readonly grid: Grid<Options>;
  readonly exclude: readonly Partial<Grid<Options>>[];
  /** Gives a run what its method has where the grid says nothing. Default: nothing. */
  readonly complete?: (run: Options) => Options;
}

/** A plan of more is a slip of the hand; its table alone would fill gigabytes. */
const mostRuns = 100_000;

/**
 * The runs of several grids, one grid's after the other's.
 *
 * @throws UsageError where there are more than 100,000.
 */
export function runsOf<Options extends Pick<Settings, 'model' | 'method'>>(
  parts: readonly PartOfGrid<Options>[],
): Options[] {
  const runs: Options[] = [];
  for (const { grid, exclude, complete = (run: Options) => run } of parts) {
    const all = combinations(grid).map((run) => complete(run));
    const left = all.filter((run) => !exclude.some((entry) => matches(run, entry)));
    refuseTooMany(runs.length + left.length);
    for (const run of left) runs.push(run);
  }
  return runs;
}

/** Whether a run has one of the values of each option. */
export function matches<Options>(run: Options, values: Partial<Grid<Options>>): boolean {
  return (Object.keys(values) as (keyof Options)[]).every((name) => values[name]?.includes(run[name]));
}

/**
 * The runs of a grid, in the order of its options, the last one's values changing fastest. An option that a method does not
 * use, as β is none of Adam's, has the first of its values there: such a run is trained once.
 *
 * @throws UsageError where there are more than 100,000.
 */
export function combinations<Options extends Pick<Settings, 'model' | 'method'>>(grid: Grid<Options>): Options[] {
  const { model, method, ...others } = grid;
  const names = Object.keys(others) as (keyof Options)[];
  let runs = model.flatMap((model) => method.map((method) => ({ model, method }) as Partial<Options>));
  for (const name of names) {
    const values = (run: Partial<Options>) => (uses(run.method!, name) ? grid[name] : grid[name].slice(0, 1));
    const count = runs.reduce((sum, run) => sum + values(run).length, 0);
    refuseTooMany(count);
    runs = runs.flatMap((run) => values(run).map((value) => ({ ...run, [name]: value })));
  }
  return runs as Options[];
}

/** @throws UsageError where there are more than 100,000. */
export function refuseTooMany(runs: number): void {
  if (runs <= mostRuns) return;
  throw new UsageError(`The sweep has more than ${mostRuns} runs; make its lists shorter, or several sweeps of it.`);
}

/** Whether a row of a method's runs depends on an option. */
function uses(method: Method, option: PropertyKey): boolean {
  const own = option as OwnOption;
  return has(method, own) || methodsWith(own).length === 0;
}
