import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { RunFailure, UsageError } from '../errors.js';
import { compareCommand } from './compare.js';
import { dataCommand } from './data.js';
import { plotCommand } from './plot.js';
import { reportCommand } from './report.js';
import { trainCommand } from './train.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** The command line; sets the exit code: 0, 2 for a user's mistake, 1 for a failure. */
export async function run(): Promise<void> {
  const program = new Command('hypergrad')
    .description('Learning-rate adaptation by hypergradient descent.')
    .version(version)
    .addCommand(trainCommand())
    .addCommand(dataCommand())
    .addCommand(plotCommand())
    .addCommand(compareCommand())
    .addCommand(reportCommand());

  // Commander's own exit code for a wrong command line is 1; ours is 2.
  for (const command of [program, ...program.commands]) command.exitOverride();

  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof UsageError || error instanceof RunFailure) {
      process.stderr.write(`error: ${error.message}\n`);
      process.exitCode = error instanceof UsageError ? 2 : 1;
    } else {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}
