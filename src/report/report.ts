import { group } from 'd3-array';
import { UsageError } from '../errors.js';
import { writeWhole } from '../files.js';
import { findRuns, noRunsIn, readRuns, type Run, type Warn } from '../results/find.js';
import { shown } from '../text.js';
import {
  curvesOf,
  methodStyles,
  modifiedOf,
  mostProvenance,
  readLearnedOf,
  runView,
  settingKey,
  settingView,
  stateOf,
  type Curves,
  type Repeat,
  type RunFacts,
} from './data.js';
import { reportPage } from './page.js';
import { intervalsOf, runSoFar, type By, type RunSoFar } from './run.js';

export interface ReportOptions {
  /** The results folder. */
  readonly dir: string;
  /** The page's path. */
  readonly out: string;
  /** The loss that the page tells the first iteration of; undefined: of none. */
  readonly reach?: number | undefined;
  /** The command that makes an unfinished run go on; without it, the page names none. */
  readonly repeat?: Repeat;
  readonly warn: Warn;
}

/**
 * Writes one self-contained HTML page about every run of a results folder.
 *
 * @throws UsageError if there is no run to show, or the page cannot be written.
 */
export function writeReport({ dir, out, reach, repeat, warn }: ReportOptions): void {
  const files = findRuns(dir, warn);
  const bySetting = group(files, settingKey);
  const intervals = intervalsOf(bySetting.size);
  const withProvenance = files.length <= mostProvenance;
  const settings = [];
  const runs = [];
  const curves: Record<string, Record<By, Curves>> = {};
  for (const [key, ofSetting] of bySetting) {
    const read = Array.from(readRuns(ofSetting, warn), (run) => taken(run, { reach, intervals, warn }));
    if (read.length === 0) continue;
    settings.push(
      settingView(
        read.map(({ facts }) => facts),
        0,
      ),
    );
    runs.push(...read.map(({ facts }) => runView(facts, repeat, { withProvenance })));
    const drawn = read.map(({ soFar, facts }) => ({ curves: soFar.curves, diverged: facts.outcome.diverged }));
    curves[key] = {
      epoch: curvesOf(drawn, 'epoch', intervals),
      iteration: curvesOf(drawn, 'iteration', intervals),
    };
  }
  if (settings.length === 0) throw new UsageError(noRunsIn(dir, files));
  const data = { dir: shown(dir), reach: reach ?? null, methods: methodStyles, settings, runs, leftOut: [] };
  writeWhole(out, reportPage(data, { curves }));
}

function taken(
  run: Run,
  { reach, intervals, warn }: { reach: number | undefined; intervals: number; warn: Warn },
): { facts: RunFacts; soFar: RunSoFar } {
  const { rows, record, ...file } = run;
  const soFar = runSoFar({ reach, intervals });
  for (const row of rows) soFar.add(row);
  readLearnedOf(file, soFar.learn, warn);
  const facts = {
    file,
    record,
    outcome: soFar.outcome(record),
    learned: [...soFar.curves.iteration.learned.keys()],
    state: stateOf(file, record),
    modified: modifiedOf(file.path),
  };
  return { facts, soFar };
}
