import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import type { ChoiceParser } from './arguments.js';
import { compareCommand } from './compare.js';
import { completionCommand } from './completion.js';
import { dataCommand } from './data.js';
import { enginesCommand } from './engines.js';
import { methodsCommand } from './methods.js';
import { print, say } from './output.js';
import { plotCommand } from './plot.js';
import { reportCommand } from './report.js';
import { setupCommand } from './setup.js';
import { nearest } from './suggestion.js';
import { summaryCommand } from './summary.js';
import { sweepCommand } from './sweep.js';
import { trainCommand } from './train.js';
import { watchCommand } from './watch.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/**
 * The command line.
 *
 * @throws UsageError where it is wrong, and what the commands throw.
 */
export async function run(): Promise<void> {
  const program = new Command('hypergrad')
    .description('Learning-rate adaptation by hypergradient descent.')
    .version(version)
    .addCommand(trainCommand())
    .addCommand(sweepCommand())
    .addCommand(methodsCommand())
    .addCommand(dataCommand())
    .addCommand(plotCommand())
    .addCommand(compareCommand())
    .addCommand(summaryCommand())
    .addCommand(reportCommand())
    .addCommand(watchCommand())
    .addCommand(enginesCommand())
    .addCommand(setupCommand())
    .addCommand(completionCommand())
    .addCommand(helpCommand());

  for (const command of [program, ...program.commands]) {
    command
      .exitOverride((error) => {
        throw mistake(command, error);
      })
      .showSuggestionAfterError(false)
      .configureOutput({
        writeOut: print,
        writeErr: (text) => {
          say(text.trimEnd());
        },
        // A mistake is thrown, and said where all errors are.
        outputError: () => undefined,
      });
  }

  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version have been shown, or could not be. Commander's own exit code for a missing command is 1; ours is 2.
    if (error.exitCode !== 0 && !process.exitCode) process.exitCode = 2;
  }
}

/** `hypergrad help [command]`: Commander's own shows the general help where it does not know the command. */
function helpCommand(): Command {
  return new Command('help')
    .description('display help for command')
    .argument('[command]')
    .action((name: string | undefined, _: unknown, { parent }: Command) => {
      const program = parent!;
      if (name === undefined) return program.help();
      const command = program.commands.find((each) => each.name() === name);
      return command
        ? command.help()
        : program.error(`unknown command '${name}'`, { code: 'commander.unknownCommand' });
    });
}

/** Commander's complaint as ours, with the name that was surely meant. Help and version come this way too, and stay. */
function mistake(command: Command, error: CommanderError): Error {
  if (error.exitCode === 0 || error.code === 'commander.help') return error;
  const message = error.message.replace(/^error: /, '');
  if (/^commander\.(option)?missingArgument$/i.test(error.code)) {
    return new UsageError(`${message}.${allowedOf(command, message)} Usage: ${usageOf(command)}`);
  }
  const names = namesFor(error.code, command);
  // An option's value may come with it, as in --iter=3.
  const given = /'([^'=]*)/.exec(message)?.[1] ?? '';
  const near = nearest(given, names);
  return new UsageError(near === undefined ? message : `${message} (Did you mean ${near}?)`);
}

/** What the argument takes that is missing, whether it is the command's or an option's. */
function allowedOf({ registeredArguments, options }: Command, message: string): string {
  const missing =
    registeredArguments.find((argument) => message.endsWith(`'${argument.name()}'`)) ??
    options.find(({ flags }) => message.includes(`'${flags}'`));
  const { choices } = (missing?.parseArg ?? {}) as Partial<ChoiceParser<unknown>>;
  return choices ? ` It is one of ${choices.join(', ')}.` : '';
}

function usageOf(command: Command): string {
  const names = [];
  for (let each: Command | null = command; each; each = each.parent) names.unshift(each.name());
  return `${names.join(' ')} ${command.usage()}`;
}

function namesFor(code: string, command: Command): string[] {
  switch (code) {
    case 'commander.unknownOption':
      return command.options.flatMap(({ long }) => long ?? []);
    case 'commander.unknownCommand':
      return command.commands.map((each) => each.name());
    default:
      return [];
  }
}
