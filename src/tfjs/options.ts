import { UsageError } from '../errors.js';

/** Which values an option may have, and how an error says so. */
export interface Allowed {
  readonly words: string;
  readonly test: (value: unknown) => boolean;
}

const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const isDecay = (value: unknown) => isNumber(value) && 0 <= (value as number) && (value as number) < 1;

export const anyNumber: Allowed = { words: 'a finite number', test: isNumber };

export const nonNegative: Allowed = {
  words: 'a number ≥ 0',
  test: (value) => isNumber(value) && (value as number) >= 0,
};

export const positive: Allowed = {
  words: 'a number > 0',
  test: (value) => isNumber(value) && (value as number) > 0,
};

export const share: Allowed = {
  words: 'a number from 0 to 1',
  test: (value) => isNumber(value) && 0 <= (value as number) && (value as number) <= 1,
};

export const decays: Allowed = {
  words: 'two numbers ≥ 0 and < 1, such as [0.9, 0.999]',
  test: (value) => Array.isArray(value) && value.length === 2 && value.every(isDecay),
};

export const yesOrNo: Allowed = {
  words: 'true or false',
  test: (value) => typeof value === 'boolean',
};

export function oneOf(...names: readonly string[]): Allowed {
  return { words: names.map((name) => `'${name}'`).join(' or '), test: (value) => names.includes(value as string) };
}

/** Options of which those with a default are there for certain. */
export type WithDefaults<Options, Defaults> = Omit<Options, keyof Defaults> &
  Required<Pick<Options, keyof Options & keyof Defaults>>;

/**
 * The given options over the defaults, each checked.
 * @param owner the class's name, for errors.
 * @param allowed the options that there are; one without a default may be left out unless it is `lr`.
 */
export function checkedOptions<Options extends object, Defaults extends Partial<Options>>(
  owner: string,
  given: unknown,
  defaults: Defaults,
  allowed: Readonly<Record<keyof Options, Allowed>>,
): WithDefaults<Options, Defaults> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new UsageError(`${owner} takes an object of options, as in new ${owner}({ lr: 0.01 }); got ${shown(given)}.`);
  }
  const known = new Map<string, Allowed>(Object.entries(allowed));
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new UsageError(`${owner} has no option ${unknown}; its options are ${[...known.keys()].join(', ')}.`);
  }

  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  const options = new Map<string, unknown>([...Object.entries(defaults), ...stated]);
  for (const [name, { words, test }] of known) {
    const value = options.get(name);
    if (!options.has(name) ? name === 'lr' : !test(value)) {
      throw new UsageError(`${owner}: ${name} must be ${words}; got ${shown(value)}.`);
    }
  }
  return Object.fromEntries(options) as WithDefaults<Options, Defaults>;
}

export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `the string '${value}'`;
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
}
