import { Command, Option } from 'commander';
import type { Format } from '../plot/export.js';
import { UsageError } from '../errors.js';
import type { GridFigure } from '../plot/grid.js';
import { oneOf, positive } from './arguments.js';
import { print, say } from './output.js';

/** `hypergrad plot`: figures of a results folder, as published. The paths written go to standard output. */
export function plotCommand(): Command {
  return new Command('plot')
    .description('draw one figure for every model in a results folder, as the published ones')
    .option('--dir <folder>', 'results: <model>/<alpha_0>_<beta>/<method>.csv', 'results')
    .option('--plotDir <folder>', 'where the figures go', 'plots')
    .addOption(formatOption())
    .option('--rates <folders>', 'only these <alpha_0>_<beta>, with all their seeds, separated by commas', (list) =>
      list.split(','),
    )
    .option('--facet', 'a column for each <alpha_0>_<beta>; so by default where a method occurs in several')
    .option('--grid', 'heat maps over α₀ and β instead, one a method', false)
    .addOption(
      new Option(
        '--figure <name>',
        `what the heat maps show: ${gridFigures.join(', ')} (default: validLoss)`,
      ).argParser(oneOf(gridFigures)),
    )
    .option('--reach <loss>', "of --figure reached: at which iteration a mini-batch's loss is first this low", positive)
    .action(async ({ format, grid, figure, reach, ...options }: PlotFlags) => {
      refuseContradictions({ grid, figure, reach, ...options });
      if (grid) {
        const { plotGrid } = await import('../plot/grid.js');
        const { dir, plotDir } = options;
        const what = { figure: figure ?? 'validLoss', reach };
        for (const path of await plotGrid({ dir, plotDir, formats: format, ...what, warn })) print(`${path}\n`);
        return;
      }
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
  readonly grid: boolean;
  readonly figure?: GridFigure;
  readonly reach?: number;
}

function refuseContradictions({
  grid,
  figure,
  reach,
  rates,
  facet,
}: Omit<PlotFlags, 'format' | 'dir' | 'plotDir'>): void {
  if (!grid && (figure !== undefined || reach !== undefined)) {
    throw new UsageError('--figure and --reach are about heat maps; give --grid too, or leave them out.');
  }
  if (grid && (rates !== undefined || facet)) {
    throw new UsageError('--rates and --facet are about curves; heat maps show all rates. Leave them out, or --grid.');
  }
  if (figure === 'reached' && reach === undefined) {
    throw new UsageError('--figure reached needs the loss that is to be reached; give --reach, as --reach 0.29.');
  }
  if (figure !== 'reached' && reach !== undefined) {
    throw new UsageError('--reach is about --figure reached; give that too, or leave it out.');
  }
}

// They stand here again so that `--help` need not load Vega; the compiler holds them to the originals.
const gridFigures = [
  ...(['loss', 'bestLoss', 'validLoss', 'bestValidLoss', 'validAccuracy', 'reached'] as const),
] as const satisfies readonly GridFigure[];

const formats: readonly Format[] = ['pdf', 'png', 'svg'];

export function formatOption(): Option {
  return new Option('--format <formats>', `${formats.join(', ')}; several separated by commas`)
    .default(['pdf'], 'pdf')
    .argParser(
      Object.assign((list: string) => list.split(',').map((format) => oneOf(formats)(format)), {
        choices: formats,
        list: true,
      }),
    );
}

/** Standard output carries data; what was left out goes to standard error. */
export function warn(message: string): void {
  say(`warning: ${message}`);
}
