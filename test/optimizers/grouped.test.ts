import { setBackend } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  adamDirection,
  adamHD,
  elementRates,
  grouped,
  hypergradientDescent,
  hypergradOptimizers,
  momentum,
  sgdHD,
  steepest,
  type Direction,
  type HypergradientOptions,
} from '../../src/index.js';
import { follow, type Values } from './rules.js';

const start: Values = [[1, -2, 0.5], [0.25]];
const gradients: Values[] = Array.from({ length: 12 }, (_, i) => [
  [1, -2, 3].map((value, k) => value * ((i + k) % 4 ? 1 : -0.5)),
  [((i * 7) % 5) - 1],
]);

beforeAll(() => setBackend('cpu'));

describe('grouped', () => {
  const rule = adamHD({ alpha0: 0.01, beta: 1e-3, order: 'paper' });

  it('is the rule by itself, bit for bit, where all are one group', () => {
    const [whole, one] = [rule, grouped(rule, () => 'all')].map((each) => follow(each, start, gradients));
    expect(one!.theta).toEqual(whole!.theta);
    // As one float32 where the rule itself tells two.
    for (const [i, alpha] of one!.learned['alpha/all']!.entries()) expect(alpha).toBeCloseTo(whole!.alpha[i]!, 8);
  });

  it('is the rule for each tensor alone, bit for bit, where each is a group', () => {
    const alone = [0, 1].map((k) =>
      follow(
        rule,
        [start[k]!],
        gradients.map((step) => [step[k]!]),
      ),
    );
    const both = follow(grouped(rule), start, gradients);
    expect(both.theta).toEqual(both.theta.map((_, i) => alone.flatMap(({ theta }) => theta[i]!)));
    expect(both.learned['alpha/a']).not.toEqual(both.learned['alpha/b']);
  });

  it('keeps the order of the parameters', () => {
    const mixed = follow(
      grouped(sgdHD({ alpha0: 0.1, beta: 0 }), (name) => (name === 'b' ? 'x' : 'y')),
      [[1], [2], [3]],
      [[[1], [10], [100]]],
    );
    expect(mixed.theta[0]).toEqual([0.9, 1, -7].map(Math.fround));
  });
});

describe('a rate for each element', () => {
  const cases: [string, Direction, Omit<HypergradientOptions, 'alpha0'>][] = [
    ['SGD-HD', steepest, { beta: 1e-3 }],
    ['momentum, with weight decay', momentum({ mu: 0.9 }), { beta: 1e-4, weightDecay: 0.01 }],
    [
      'Adam-HD with every safeguard',
      adamDirection({}),
      { beta: 1e-2, multiplicative: true, clip: 0.5, lowerBound: 0.0095 },
    ],
    ['momentum for α', steepest, { beta: 1e-4, hypergradOptimizer: hypergradOptimizers.momentum }],
    ['Adam for α', steepest, { beta: 1e-3, hypergradOptimizer: hypergradOptimizers.adam }],
  ];

  it.each(cases)('is the rule for each element alone: %s', (_, direction, more) => {
    const options = { alpha0: 0.01, ...more };
    const elements = (values: Values): Values => values.flat().map((value) => [value]);
    const alone = follow(grouped(hypergradientDescent(direction, options)), elements(start), gradients.map(elements));
    const { theta, learned } = follow(elementRates(direction, options), start, gradients);
    // float32 gives 6e-8 in each operation; a product of scalars is associated otherwise here.
    for (const [i, values] of theta.entries()) {
      for (const [k, value] of values.entries()) expect(Math.abs(value - alone.theta[i]![k]!)).toBeLessThan(1e-6);
    }
    const rates = ['a', 'b', 'c', 'd'].map((name) => alone.learned[`alpha/${name}`]!.at(-1)!);
    expect(learned['alpha/a']!.at(-1)).toBeCloseTo((rates[0]! + rates[1]! + rates[2]!) / 3, 7);
    expect(new Set(rates).size).toBeGreaterThan(1);
  });

  it('skips an element whose h is not finite, and no other', () => {
    const rule = elementRates(steepest, { alpha0: 0.1, beta: 0.01, lowerBound: 0 });
    const steps: Values[] = [1, NaN].map((value) => [[value, 1, 1], [1]]);
    const { learned } = follow(rule, start, steps);
    // The second and third element's rates rise by 0.01, the first's stays.
    expect(learned['alpha/a']!.at(-1)).toBeCloseTo(0.1 + 0.02 / 3, 7);
  });
});
