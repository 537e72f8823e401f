import { mt19937, type RandomSource } from '../../src/random/mt19937.js';

/** Choices that a seed repeats. */
export interface Chance {
  readonly source: RandomSource;
  /** An integer, 0 to `limit` − 1. */
  below(this: void, limit: number): number;
  one<T>(this: void, items: readonly T[]): T;
  /** Whether something happens that does so in one of `times` cases. */
  seldom(this: void, times: number): boolean;
}

export function chance(seed: number): Chance {
  const source = mt19937(seed);
  const below = (limit: number) => source.next() % Math.max(limit, 1);
  return { source, below, one: (items) => items[below(items.length)]!, seldom: (times) => below(times) === 0 };
}
