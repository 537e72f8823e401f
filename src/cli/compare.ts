import { Command, InvalidArgumentError } from 'commander';
import type { Format } from '../plot/export.js';
import { formatOption, warn } from './plot.js';

/** `hypergrad compare A B`: exits with 1 where a row deviates by more than the tolerance. */
export function compareCommand(): Command {
  return new Command('compare')
    .description('compare the runs that two results folders have in common, row by row')
    .argument('<A>', "a results folder, or 'published': the authors' figures that come with this package")
    .argument('<B>', 'what to compare with, likewise; losses deviate relative to it')
    .option('--tolerance <number>', 'relative deviation from which the exit code is 1', parseTolerance, 1e-5)
    .option('--json', 'print JSON instead of a table')
    .option('--plotDir <folder>', 'also draw A over B into this folder, one figure a model')
    .addOption(formatOption())
    .action(async (a: string, b: string, { tolerance, json, plotDir, format }: CompareFlags) => {
      const { compareResults } = await import('../compare/compare.js');
      const { comparisonJson, comparisonTable } = await import('../compare/table.js');
      const figures = plotDir === undefined ? undefined : (await import('../compare/overlay.js')).overlay(a, b);
      const comparison = compareResults({ a, b, tolerance, warn, onPair: figures?.add });
      for (const run of comparison.onlyA) console.error(`only in ${a}: ${run}`);
      for (const run of comparison.onlyB) console.error(`only in ${b}: ${run}`);
      console.log(json ? comparisonJson(comparison) : comparisonTable(comparison));
      if (figures && plotDir !== undefined) {
        for (const path of await figures.write(plotDir, format)) console.error(`wrote ${path}`);
      }
      if (!comparison.withinTolerance) process.exitCode = 1;
    });
}

interface CompareFlags {
  readonly tolerance: number;
  readonly json?: boolean;
  readonly plotDir?: string;
  readonly format: readonly Format[];
}

function parseTolerance(text: string): number {
  const tolerance = text.trim() === '' ? NaN : Number(text);
  if (!(tolerance >= 0)) throw new InvalidArgumentError('It is a number that is not negative, such as 1e-5.');
  return tolerance;
}
