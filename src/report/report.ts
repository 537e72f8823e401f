import { UsageError } from '../errors.js';
import { writeWhole } from '../files.js';
import { findRuns, noRunsIn, type Warn } from '../results/find.js';
import { reportModels } from './data.js';
import { reportPage } from './page.js';

export interface ReportOptions {
  /** The results folder. */
  readonly dir: string;
  /** The page's path. */
  readonly out: string;
  readonly warn: Warn;
}

/**
 * Writes one self-contained HTML page about every run of a results folder.
 *
 * @throws UsageError if there is no run to show, or the page cannot be written.
 */
export function writeReport({ dir, out, warn }: ReportOptions): void {
  const files = findRuns(dir, warn);
  const models = reportModels(files, warn);
  if (models.length === 0) throw new UsageError(noRunsIn(dir, files));
  writeWhole(out, reportPage(models, dir));
}
