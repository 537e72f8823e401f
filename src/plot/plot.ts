import { join } from 'node:path';
import { group } from 'd3-array';
import { UsageError } from '../errors.js';
import { findRuns, noRunsIn, readRuns, type RunFile, type Warn } from '../results/find.js';
import { withoutSeed } from '../results/path.js';
import { listed, shown } from '../text.js';
import type { Format } from './export.js';
import { modelFigure } from './figure.js';
import { learnedFigure, learnedSeries } from './learned.js';
import { writeFigure } from './output.js';
import { detailOf, facetsOf, seedSeries, seriesOf, type Series } from './series.js';

export interface PlotOptions {
  readonly dir: string;
  readonly plotDir: string;
  readonly formats: readonly Format[];
  /** Folders `<alpha_0>_<beta>` to draw, with all of their seeds; or single ones, `<alpha_0>_<beta>/seed=2`. All by default. */
  readonly rates?: readonly string[];
  /** A column for each folder of rates, even where no method occurs twice. */
  readonly facet?: boolean;
  readonly warn: Warn;
}

/**
 * Draws one figure for every model found in a results folder: `<plotDir>/<model>.<format>`. Runs that differ in their seed
 * alone are one curve, their mean, over an area from the lowest to the highest. What runs learn besides α has a figure of
 * its own, `<model>_learned`.
 *
 * @returns the paths written.
 * @throws UsageError if there is nothing to draw, or a figure cannot be written.
 */
export async function plotResults({ dir, plotDir, formats, rates, facet, warn }: PlotOptions): Promise<string[]> {
  const files = withRates(findRuns(dir, warn), rates);
  const written: string[][] = [];
  for (const [model, modelFiles] of group(files, (file) => file.model)) {
    const settings = [...group(modelFiles, ({ rates, method }) => `${withoutSeed(rates)}/${method}`).values()];
    const runs = settings.flatMap((files) => seriesOfSeeds(files, detailOf(settings.length), warn));
    if (runs.length === 0) continue;
    written.push(await writeFigure(modelFigure(model, facetsOf(runs, facet)), join(plotDir, model), formats, warn));
    const learned = settings.flatMap((files) => learnedSeries(files, warn) ?? []);
    if (learned.length === 0) continue;
    written.push(
      await writeFigure(learnedFigure(model, learned, facet), join(plotDir, `${model}_learned`), formats, warn),
    );
  }
  if (written.length === 0) throw new UsageError(noRunsIn(dir, files));
  return written.flat();
}

/** A curve with a band where there are several seeds; a plain one where there is one, or one that can be read. */
function seriesOfSeeds(files: readonly RunFile[], detail: number, warn: Warn): Series[] {
  if (files.length === 1) return Array.from(readRuns(files, warn), (run) => seriesOf(run, detail));
  const series = seedSeries(readRuns(files, warn));
  return series ? [series] : [];
}

function withRates(files: readonly RunFile[], rates?: readonly string[]): readonly RunFile[] {
  if (!rates) return files;
  const found = [...new Set(files.map((file) => file.rates))];
  const names = ({ rates: folders }: RunFile) => [folders, withoutSeed(folders)];
  const missing = rates.find((wanted) => !files.some((file) => names(file).includes(wanted)));
  if (missing !== undefined)
    throw new UsageError(`no folder ${shown(missing, 200)} in the results; found ${listed(found, 12)}`);
  return files.filter((file) => names(file).some((name) => rates.includes(name)));
}
