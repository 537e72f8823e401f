import { join } from 'node:path';
import { group } from 'd3-array';
import { UsageError } from '../errors.js';
import { findRuns, noRunsIn, readRuns, type RunFile, type Warn } from '../results/find.js';
import { listed, shown } from '../text.js';
import type { Format } from './export.js';
import { modelFigure } from './figure.js';
import { writeFigure } from './output.js';
import { detailOf, facetsOf, seriesOf } from './series.js';

export interface PlotOptions {
  readonly dir: string;
  readonly plotDir: string;
  readonly formats: readonly Format[];
  /** Folders `<alpha_0>_<beta>` to draw; all by default. */
  readonly rates?: readonly string[];
  /** A column for each folder of rates, even where no method occurs twice. */
  readonly facet?: boolean;
  readonly warn: Warn;
}

/**
 * Draws one figure for every model found in a results folder: `<plotDir>/<model>.<format>`.
 *
 * @returns the paths written.
 * @throws UsageError if there is nothing to draw, or a figure cannot be written.
 */
export async function plotResults({ dir, plotDir, formats, rates, facet, warn }: PlotOptions): Promise<string[]> {
  const files = withRates(findRuns(dir, warn), rates);
  const written: string[][] = [];
  for (const [model, modelFiles] of group(files, (file) => file.model)) {
    const runs = Array.from(readRuns(modelFiles, warn), (run) => seriesOf(run, detailOf(modelFiles.length)));
    if (runs.length === 0) continue;
    written.push(await writeFigure(modelFigure(model, facetsOf(runs, facet)), join(plotDir, model), formats, warn));
  }
  if (written.length === 0) throw new UsageError(noRunsIn(dir, files));
  return written.flat();
}

function withRates(files: readonly RunFile[], rates?: readonly string[]): readonly RunFile[] {
  if (!rates) return files;
  const found = [...new Set(files.map((file) => file.rates))];
  const missing = rates.find((wanted) => !found.includes(wanted));
  if (missing !== undefined)
    throw new UsageError(`no folder ${shown(missing, 200)} in the results; found ${listed(found, 12)}`);
  return files.filter((file) => rates.includes(file.rates));
}
