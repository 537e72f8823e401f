import { Command } from 'commander';
import { print } from './output.js';
import { warn } from './plot.js';

/** `hypergrad report`: one HTML page about a results folder. Its path goes to standard output. */
export function reportCommand(): Command {
  return new Command('report')
    .description('write one self-contained HTML page about a results folder: curves, final values, settings')
    .option('--dir <folder>', 'results: <model>/<alpha_0>_<beta>/<method>.csv', 'results')
    .option('--out <file>', 'the page', 'report.html')
    .action(async ({ dir, out }: { dir: string; out: string }) => {
      const { writeReport } = await import('../report/report.js');
      writeReport({ dir, out, warn });
      print(`${out}\n`);
    });
}
