import { InvalidArgumentError } from 'commander';
import { decimal } from '../decimal.js';
import { nearest } from './suggestion.js';

/** Parsers of option values; each refuses a wrong value with what is allowed. */

/** A parser of one of these; shells complete its `choices`, in a `list` each of several. */
export interface ChoiceParser<T> {
  (given: string): T;
  readonly choices: readonly string[];
  readonly list?: boolean;
}

export function oneOf<T extends string>(allowed: readonly T[]): ChoiceParser<T> {
  const parse = (given: string) => {
    const found = allowed.find((name) => name === given);
    if (found) return found;
    const near = nearest(given, allowed);
    const hint = near === undefined ? '' : `Did you mean ${near}? `;
    throw new InvalidArgumentError(`${hint}It takes one of ${allowed.join(', ')}.`);
  };
  return Object.assign(parse, { choices: allowed });
}

/** What a number may be, bounds included. */
export interface Bounds {
  readonly least?: number;
  readonly most?: number;
  /** Why there is a `most`, as in 'this machine has 2 cores'; the message says it. */
  readonly because?: string;
}

/** An integer within bounds, or from `bounds` on. */
export function integer(bounds: number | Bounds): (given: string) => number {
  const {
    least = 0,
    most = Number.MAX_SAFE_INTEGER,
    because,
  } = typeof bounds === 'number' ? { least: bounds } : bounds;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or larger` : `${least} to ${most}`;
  const allowed = `It takes an integer, ${range}${because === undefined ? '' : `: ${because}`}.`;
  return (given) => {
    const value = read(given, allowed);
    if (!Number.isSafeInteger(value) || value < least || value > most) throw new InvalidArgumentError(allowed);
    return value;
  };
}

/** A number within bounds. */
export function number({ least = -Infinity, most = Infinity, because }: Bounds): (given: string) => number {
  const range = [
    ...(least > -Infinity ? [`${least} or larger`] : []),
    ...(most < Infinity ? [`${most} or smaller`] : []),
  ].join(' and ');
  const allowed = `It takes a number${range && `, ${range}`}, like 0.001 or 1e-7${because === undefined ? '' : `: ${because}`}.`;
  return (given) => {
    const value = read(given, allowed);
    if (value < least || value > most) throw new InvalidArgumentError(allowed);
    return value;
  };
}

/** A number that is not negative. */
export const nonNegative = number({ least: 0 });

/** Any number, also a negative one. */
export const finite = number({});

/** A number above 0. */
export function positive(given: string): number {
  const allowed = 'It takes a number above 0, like 0.001 or 1e-7.';
  const value = read(given, allowed);
  if (value <= 0) throw new InvalidArgumentError(allowed);
  return value;
}

/** The one reader of numbers: decimal notation, and within the reach of a double. */
function read(given: string, allowed: string): number {
  const value = decimal(given);
  if (value === undefined) throw new InvalidArgumentError(allowed);
  if (!Number.isFinite(value)) {
    throw new InvalidArgumentError(`It is past 1.8e308, the largest number there is. ${allowed}`);
  }
  if (value === 0 && /^[^e]*[1-9]/i.test(given)) {
    throw new InvalidArgumentError(`It is so small that it would become 0; write 0 where that is meant. ${allowed}`);
  }
  return value;
}
