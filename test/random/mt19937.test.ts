import { expect, test } from 'vitest';
import { mt19937, mt19937Keyed } from '../../src/random/mt19937.js';

function draws(seed: number, count: number): number[] {
  const source = mt19937(seed);
  return Array.from({ length: count }, () => source.next());
}

test('gives the published outputs of MT19937', () => {
  const outputs = draws(5489, 10_000);
  expect(outputs.slice(0, 5)).toEqual([3499211612, 581869302, 3890346734, 3586334585, 545404204]);
  expect(outputs.at(-1)).toBe(4123659995);
});

test('gives the published outputs of MT19937 seeded by an array', () => {
  const source = mt19937Keyed([0x123, 0x234, 0x345, 0x456]);
  const outputs = Array.from({ length: 1000 }, () => source.next());
  expect(outputs.slice(0, 6)).toEqual([1067595299, 955945823, 477289528, 4107218783, 4228976476, 3344332714]);
  expect(outputs.at(-1)).toBe(3460025646);
});

test('takes the low 32 bits of any number of keys', () => {
  const first = (keys: number[]) => mt19937Keyed(keys).next();
  // Python: random.Random(sum(key << (32 * i) for i, key in enumerate(keys))).getrandbits(32)
  expect(first([1, 0, 7])).toBe(3848408275);
  expect(first([2 ** 32 - 1, 5])).toBe(3343820042);
  expect(first([-1, 2 ** 32 + 5])).toBe(3343820042);
  expect(first(Array<number>(700).fill(3))).toBe(1669916179);
});

test('gives the outputs of the seed that the experiments use', () => {
  expect(draws(1, 5)).toEqual([1791095845, 4282876139, 3093770124, 4005303368, 491263]);
});

test('takes the low 32 bits of the seed', () => {
  expect(draws(2 ** 32 + 1, 3)).toEqual(draws(1, 3));
  expect(draws(-1, 3)).toEqual(draws(2 ** 32 - 1, 3));
});

test('keeps two sources apart', () => {
  const one = mt19937(1);
  const two = mt19937(1);
  one.next();
  one.next();
  expect(two.next()).toBe(1791095845);
});

test('skips as many numbers as it is told to', () => {
  for (const count of [0, 1, 623, 624, 625, 1248, 5000]) {
    const [skipped, drawn] = [mt19937(1), mt19937(1)];
    skipped.next();
    skipped.skip(count);
    for (let i = 0; i < count + 1; i++) drawn.next();
    expect(skipped.next()).toBe(drawn.next());
  }
});
