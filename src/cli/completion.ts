import { Argument, Command, type Option } from 'commander';
import { oneOf, type ChoiceParser } from './arguments.js';
import type { CompletedCommand, CompletedValue } from './completed.js';
import { bashScript } from './completion_bash.js';
import { fishScript } from './completion_fish.js';
import { zshScript } from './completion_zsh.js';
import { print } from './output.js';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
const shells = Object.keys(scripts) as (keyof typeof scripts)[];

/** `hypergrad completion bash|zsh|fish`: a script on standard output that completes the command line in that shell. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('write the script by which a shell completes hypergrad: commands, options, their values, files')
    .addArgument(new Argument('<shell>', shells.join(', ')).argParser(oneOf(shells)))
    .action((shell: keyof typeof scripts, _: unknown, command: Command) => {
      print(scripts[shell](described(command.parent!)));
    });
}

/** The commands as their parser and their help have them. */
function described(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  return help
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .map((command) => ({
      name: command.name(),
      about: command.description(),
      options: help.visibleOptions(command).map((option) => ({
        long: option.long!,
        about: option.description,
        value: option.required || option.optional ? valueOf(option, option.flags) : undefined,
      })),
      places: command.registeredArguments.map((argument) => valueOf(argument, argument.name())),
    }));
}

/** A parser tells its choices; where there are none, the value's name in the help tells what it is. */
function valueOf({ parseArg }: Pick<Option, 'parseArg'>, name: string): CompletedValue {
  const { choices, list = false } = (parseArg ?? {}) as Partial<ChoiceParser<unknown>>;
  if (choices !== undefined) return { kind: 'choices', choices, list };
  if (/folder|results|^[AB]$/.test(name)) return { kind: 'folder' };
  return { kind: name.includes('file') ? 'file' : 'any' };
}
