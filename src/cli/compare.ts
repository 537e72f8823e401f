import { Command } from 'commander';
import type { Format } from '../plot/export.js';
import { shown } from '../text.js';
import { nonNegative } from './arguments.js';
import { print, say } from './output.js';
import { formatOption, warn } from './plot.js';

/** `hypergrad compare A B`: exits with 1 where a row deviates by more than the tolerance. */
export function compareCommand(): Command {
  return new Command('compare')
    .description('compare the runs that two results folders have in common, row by row')
    .argument('<A>', "a results folder, or 'published': the authors' figures that come with this package")
    .argument('<B>', 'what to compare with, likewise; losses deviate relative to it')
    .option('--tolerance <number>', 'relative deviation from which the exit code is 1', nonNegative, 1e-5)
    .option('--json', 'print JSON instead of a table')
    .option('--plotDir <folder>', 'also draw A over B into this folder, one figure a model')
    .addOption(formatOption())
    .action(async (a: string, b: string, { tolerance, json, plotDir, format }: CompareFlags) => {
      const { compareResults } = await import('../compare/compare.js');
      const { comparisonJson, comparisonTable } = await import('../compare/table.js');
      const figures = plotDir === undefined ? undefined : (await import('../compare/overlay.js')).overlay(a, b, warn);
      const comparison = compareResults({ a, b, tolerance, warn, onPair: figures?.add });
      for (const run of comparison.onlyA) say(`only in ${shown(a)}: ${shown(run)}`);
      for (const run of comparison.onlyB) say(`only in ${shown(b)}: ${shown(run)}`);
      // Where the figures cannot be written, nothing goes to standard output.
      if (figures && plotDir !== undefined) {
        for (const path of await figures.write(plotDir, format)) say(`wrote ${shown(path)}`);
      }
      print(`${json ? comparisonJson(comparison) : comparisonTable(comparison)}\n`);
      // A run that could not be compared is not known to be within it.
      if (!comparison.withinTolerance || comparison.leftOut.length > 0) process.exitCode = 1;
    });
}

interface CompareFlags {
  readonly tolerance: number;
  readonly json?: boolean;
  readonly plotDir?: string;
  readonly format: readonly Format[];
}
