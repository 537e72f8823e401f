import { Command, Option } from 'commander';
import type { Format } from '../plot/export.js';
import { oneOf } from './arguments.js';
import { print, say } from './output.js';

/** `hypergrad plot`: figures of a results folder, as published. The paths written go to standard output. */
export function plotCommand(): Command {
  return new Command('plot')
    .description('draw one figure for every model in a results folder, as the published ones')
    .option('--dir <folder>', 'results: <model>/<alpha_0>_<beta>/<method>.csv', 'results')
    .option('--plotDir <folder>', 'where the figures go', 'plots')
    .addOption(formatOption())
    .option('--rates <folders>', 'only these <alpha_0>_<beta>, separated by commas', (list) => list.split(','))
    .option('--facet', 'a column for each <alpha_0>_<beta>; so by default where a method occurs in several')
    .action(async ({ format, ...options }: PlotFlags) => {
      const { plotResults } = await import('../plot/plot.js');
      for (const path of await plotResults({ ...options, formats: format, warn })) print(`${path}\n`);
    });
}

interface PlotFlags {
  readonly dir: string;
  readonly plotDir: string;
  readonly format: readonly Format[];
  readonly rates?: readonly string[];
  readonly facet?: boolean;
}

const formats: readonly Format[] = ['pdf', 'png', 'svg'];

export function formatOption(): Option {
  return new Option('--format <formats>', `${formats.join(', ')}; several separated by commas`)
    .default(['pdf'], 'pdf')
    .argParser((list: string) => list.split(',').map(oneOf(formats)));
}

/** Standard output carries data; what was left out goes to standard error. */
export function warn(message: string): void {
  say(`warning: ${message}`);
}
