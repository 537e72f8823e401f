import { InvalidArgumentError, Option } from 'commander';
import type { Setting } from '../results/record.js';
import type { RunOrder } from '../sweep/plan.js';
import type { Grid } from '../sweep/grid.js';
import { has, specOf } from '../methods/table.js';
import { shellWord } from '../text.js';
import {
  chosenEngine,
  defaultOf,
  namedEngine,
  optionSpecs,
  ownOptions,
  type OptionSpec,
  type TrainFlags,
} from './train_options.js';

/** The options of a sweep that are those of its runs: some may list several values. */
export type SweepName = Exclude<keyof TrainFlags, 'save' | 'resume' | 'silent'>;

/** Values by option, as they were given: on the command line, or in a grid of a file. */
export type Lists = { readonly [Name in SweepName]?: readonly TrainFlags[Name][] };

export const sweepNames = (Object.keys(optionSpecs) as (keyof TrainFlags)[]).filter(
  (name): name is SweepName => optionSpecs[name].inSweep !== 'none',
);

/** The options as commander takes them, without defaults: what is not given may stand in a file. */
export function sweepOptions(): Option[] {
  return sweepNames.map((name) => {
    const { flags, about, parse, bare, inSweep }: OptionSpec<unknown> = optionSpecs[name];
    const option = new Option(flags, about).helpGroup(
      inSweep === 'many' ? 'Of the runs; each may be a list, as 1e-1,1e-2 or 1..5:' : 'Of all runs:',
    );
    if (parse) {
      const list = inSweep === 'many';
      const parser = (given: string) => (list ? listOf(name, given) : [valueOf(name, given)]);
      option.argParser(Object.assign(parser, 'choices' in parse && { choices: parse.choices, list }));
    }
    return bare === undefined ? option : option.preset(bare);
  });
}

/** The values of a list as it stands on the command line: `sgd,adam`, `1e-1,1e-2`, `1..5`. @throws InvalidArgumentError */
export function listOf(name: SweepName, given: string): unknown[] {
  const items = given.split(',');
  return items.flatMap((item) => {
    try {
      return rangeOrValue(name, item);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError) || items.length === 1) throw error;
      throw new InvalidArgumentError(`Of '${item}': ${error.message}`);
    }
  });
}

/** A value, or those of a range. @throws InvalidArgumentError */
export function rangeOrValue(name: SweepName, given: string): unknown[] {
  const range = optionSpecs[name].inSweep === 'many' ? rangeOf(given) : undefined;
  return (range ?? [given]).map((each) => valueOf(name, each));
}

/** One value, read as `hypergrad train` reads it; `off` where an option is off by default. @throws InvalidArgumentError */
function valueOf(name: SweepName, given: string): unknown {
  const { parse, preset, inSweep }: OptionSpec<unknown> = optionSpecs[name];
  if (inSweep === 'many' && preset === undefined && given === 'off') return undefined;
  if (parse) return parse(given);
  if (given === 'true' || given === 'false') return given === 'true';
  throw new InvalidArgumentError('It takes true or false.');
}

/** All options' values, the defaults of `hypergrad train` where none are given. */
export function gridOf(lists: Lists): Grid<Pick<TrainFlags, SweepName>> {
  const values = (name: SweepName): readonly unknown[] => lists[name] ?? [optionSpecs[name].preset];
  return Object.fromEntries(sweepNames.map((name) => [name, values(name)])) as unknown as Grid<
    Pick<TrainFlags, SweepName>
  >;
}

/** @param isElsewhere whether the run is for a machine that finds out itself which engine of a GPU is ready. */
export async function orderOf(
  { cuda, gpu, engine, ...order }: Pick<TrainFlags, SweepName>,
  isElsewhere: boolean,
): Promise<RunOrder> {
  const flags = { cuda, gpu, engine, ...order };
  return { ...order, engine: isElsewhere ? (namedEngine(flags) ?? 'onnx') : await chosenEngine(flags) };
}

/** The arguments of a command line that gives these lists. */
export function argumentsOf(lists: Lists): string[] {
  return sweepNames.flatMap((name) => {
    const values = lists[name];
    if (values === undefined) return [];
    return isSwitch(name) ? [`--${name}`] : [`--${name}`, listText(values)];
  });
}

/** A list as the command line takes it, numbers that follow one another as a range. */
export function listText(values: readonly unknown[]): string {
  const texts: string[] = [];
  for (let i = 0; i < values.length;) {
    const first = values[i];
    let length = 1;
    if (Number.isSafeInteger(first) && (first as number) >= 0) {
      while (values[i + length] === (first as number) + length) length++;
    }
    if (length > 2) texts.push(`${first as number}..${(first as number) + length - 1}`);
    else texts.push(...values.slice(i, i + length).map((value) => String((value as Setting | undefined) ?? 'off')));
    i += length;
  }
  return texts.join(',');
}

function isSwitch(name: SweepName): boolean {
  return optionSpecs[name].parse === undefined;
}

/** The command that trains a run of a sweep alone. */
export function commandOf(order: RunOrder): string {
  const given = sweepNames.flatMap((name): string[] => {
    const value = name === 'cuda' || name === 'gpu' ? false : order[name];
    const own = ownOptions.find((option) => option === name);
    if (own !== undefined && !has(order.method, own) && !specOf(order.method).published) return [];
    const usual: unknown = name === 'engine' ? 'onnx' : optionSpecs[name].preset;
    const preset = own === undefined ? usual : defaultOf(order.method, own);
    if (value === undefined || value === preset) return [];
    return value === true ? [`--${name}`] : [`--${name}`, shellWord(String(value))];
  });
  return ['hypergrad sweep', ...given, '--retryFailed'].join(' ');
}

/** Numbers of a range are as good as written out, and a slip of the hand must not fill the memory. */
const longestRange = 100_000;

/** `1..5` written out; undefined where it is no range. */
function rangeOf(item: string): string[] | undefined {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(item)?.map(Number) ?? [];
  if (first === undefined || last === undefined) return undefined;
  if (last < first) throw new InvalidArgumentError(`A range goes upwards, like ${last}..${first}.`);
  if (last - first >= longestRange) throw new InvalidArgumentError(`A range has ${longestRange} numbers at most.`);
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
}
