import { Command } from 'commander';
import { positive } from './arguments.js';
import { print } from './output.js';
import { warn } from './plot.js';

/** `hypergrad report`: one HTML page about a results folder. Its path goes to standard output. */
export function reportCommand(): Command {
  return new Command('report')
    .description('write one self-contained HTML page about a results folder: curves, heat maps, final values, settings')
    .option('--dir <folder>', 'results: <model>/<alpha_0>_<beta>/<method>.csv', 'results')
    .option('--out <file>', 'the page', 'report.html')
    .option('--reach <loss>', "also at which iteration a mini-batch's loss is first this low", positive)
    .action(async ({ dir, out, reach }: { dir: string; out: string; reach?: number }) => {
      const [{ writeReport }, { repeatCommand }] = await Promise.all([
        import('../report/report.js'),
        import('./repeat.js'),
      ]);
      writeReport({ dir, out, reach, repeat: repeatCommand(dir), warn });
      print(`${out}\n`);
    });
}
