import { Command, Option } from 'commander';
import { oneOf, positive } from './arguments.js';
import { print } from './output.js';
import { warn } from './plot.js';

const formats = ['table', 'csv', 'json'] as const;

interface SummaryFlags {
  readonly reach?: number;
  readonly format: (typeof formats)[number];
}

/** `hypergrad summary [results]`: mean and deviation over seeds, a line a setting, on standard output. */
export function summaryCommand(): Command {
  return new Command('summary')
    .description('list every setting of a results folder: mean and standard deviation over its seeds, what diverged')
    .argument('[results]', 'the results folder', 'results')
    .option('--reach <loss>', "also at which iteration a mini-batch's loss is first this low", positive)
    .addOption(new Option('--format <name>', formats.join(', ')).default('table').argParser(oneOf(formats)))
    .action(async (dir: string, { reach, format }: SummaryFlags) => {
      const [{ summarize }, { summaryCsv, summaryJson, summaryTable }] = await Promise.all([
        import('../summary/summary.js'),
        import('../summary/table.js'),
      ]);
      const settings = summarize({ dir, reach, warn });
      if (format === 'table') print(`${summaryTable(settings, reach)}\n`);
      else print(format === 'csv' ? summaryCsv(settings) : summaryJson(settings));
    });
}
