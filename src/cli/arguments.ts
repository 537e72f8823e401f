import { InvalidArgumentError } from 'commander';
import { closest, distance } from 'fastest-levenshtein';

/** Parsers of option values; each refuses a wrong value with what is allowed. */

export function oneOf<T extends string>(allowed: readonly T[]): (given: string) => T {
  return (given) => {
    const found = allowed.find((name) => name === given);
    if (found) return found;
    const near = closest(given, [...allowed]);
    const hint = distance(given, near) <= 3 ? `Did you mean ${near}? ` : '';
    throw new InvalidArgumentError(`${hint}It takes one of ${allowed.join(', ')}.`);
  };
}

/** A number that is not negative. */
export function nonNegative(given: string): number {
  const value = parseNumber(given);
  if (!(value >= 0 && value < Infinity))
    throw new InvalidArgumentError('It takes a number, 0 or larger, like 0.001 or 1e-7.');
  return value;
}

/** A number above 0. */
export function positive(given: string): number {
  const value = parseNumber(given);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('It takes a number above 0.');
  return value;
}

/** Any number, also a negative one. */
export function finite(given: string): number {
  const value = parseNumber(given);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('It takes a number.');
  return value;
}

/** An integer from `least` on. */
export function integer(least: number): (given: string) => number {
  return (given) => {
    const value = parseNumber(given);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It takes an integer, ${least} or larger.`);
    }
    return value;
  };
}

function parseNumber(given: string): number {
  return given.trim() === '' ? Number.NaN : Number(given);
}
