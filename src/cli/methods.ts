import { Command } from 'commander';
import { methods, specOf, type OwnOption } from '../methods/table.js';
import type { Setting } from '../results/record.js';
import { print } from './output.js';
import { optionSpecs } from './train_options.js';

/** `hypergrad methods`: what `--method` may be, and what there is to know of each. */
export function methodsCommand(): Command {
  return new Command('methods')
    .description('list the methods: what each learns, its options and their defaults, its paper')
    .option('--json', 'for programs', false)
    .action(({ json }: { readonly json: boolean }) => {
      const described = methods.map((method) => {
        const { label, learns, paper } = specOf(method);
        const names = Object.keys(specOf(method).options) as OwnOption[];
        const options = names.map((name) => {
          return { name, default: specOf(method).options[name] ?? null, about: optionSpecs[name].about };
        });
        return { method, label, learns, options, paper };
      });
      if (json) print(`${JSON.stringify(described, undefined, 2)}\n`);
      else print(described.map(inWords).join('\n'));
    });
}

interface Described {
  readonly method: string;
  readonly label: string;
  readonly learns: string;
  readonly options: readonly { readonly name: string; readonly default: Setting }[];
  readonly paper: string;
}

function inWords({ method, label, learns, options, paper }: Described): string {
  const all = options.map((option) => `--${option.name} ${word(option.default)}`).join(', ');
  return `${method} (${label})\n  learns   ${learns}\n  options  ${all || 'none of its own'}\n  paper    ${paper}\n`;
}

function word(value: Setting): string {
  return value === null || value === false ? 'off' : String(value);
}
