import { setBackend } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  adam,
  adamHD,
  adamW,
  adamWHD,
  hypergradOptimizers,
  sgd,
  sgdHD,
  type HypergradientOptions,
  type UpdateRule,
} from '../../src/index.js';
import { follow, type Values } from './rules.js';

type Pair = readonly [
  name: string,
  plain: (options: { alpha0: number; weightDecay: number }) => UpdateRule,
  learned: (options: HypergradientOptions) => UpdateRule,
];

const pairs: Pair[] = [
  ['SGD-HD', sgd, sgdHD],
  [
    'SGD-HD with momentum',
    (o) => sgd({ ...o, mu: 0.9, dampening: 0.2 }),
    (o) => sgdHD({ ...o, mu: 0.9, dampening: 0.2 }),
  ],
  ['SGDN-HD', (o) => sgd({ ...o, mu: 0.9, nesterov: true }), (o) => sgdHD({ ...o, mu: 0.9, nesterov: true })],
  ['Adam-HD', adam, adamHD],
  ["Adam-HD in the paper's order", adam, (o) => adamHD({ ...o, order: 'paper' })],
  ['AdamW-HD', adamW, adamWHD],
];

const runs = { numRuns: 25, seed: 1 };
const start: Values = [[1, -2, 0.5], [0.25]];
const numbers = fc.integer({ min: -10_000, max: 10_000 }).map((thousandths) => thousandths / 1000);
const gradients = fc.array(
  fc.tuple(fc.array(numbers, { minLength: 3, maxLength: 3 }), fc.array(numbers, { minLength: 1, maxLength: 1 })),
  { minLength: 1, maxLength: 8 },
);
const rate = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);
const optimizers = fc.constantFrom(...Object.values(hypergradOptimizers));

beforeAll(() => setBackend('cpu'));

describe.each(pairs)('%s', (_, plain, learned) => {
  it('with β = 0 is exactly the plain method', () => {
    fc.assert(
      fc.property(
        gradients,
        rate,
        rate,
        optimizers,
        fc.boolean(),
        (g, alpha0, weightDecay, hypergradOptimizer, ratio) => {
          const multiplicative = ratio && alpha0 > 0;
          const options = { alpha0, weightDecay, beta: 0, hypergradOptimizer, multiplicative, lowerBound: 0, clip: 1 };
          expect(follow(learned(options), start, g)).toEqual(follow(plain(options), start, g));
        },
      ),
      runs,
    );
  });

  it('leaves α where it is while h = 0', () => {
    // The gradient moves to another coordinate in each step, so that it is at right angles to the steps before.
    const orthogonal = [
      [[3, 0, 0], [0]],
      [[0, -2, 0], [0]],
      [[0, 0, 5], [0]],
      [[0, 0, 0], [1]],
    ];
    fc.assert(
      fc.property(rate, rate, optimizers, fc.boolean(), (alpha0, beta, hypergradOptimizer, ratio) => {
        const options = { alpha0, beta, weightDecay: 0, hypergradOptimizer, multiplicative: ratio && alpha0 > 0 };
        const { alpha } = follow(learned(options), start, orthogonal);
        expect(alpha).toEqual(orthogonal.map(() => alpha0));
      }),
      runs,
    );
  });

  it('never crosses the lower bound, and reaches it', () => {
    let reached = 0;
    fc.assert(
      fc.property(gradients, rate, rate, rate, optimizers, (g, alpha0, part, beta, hypergradOptimizer) => {
        const lowerBound = alpha0 * part;
        const { alpha } = follow(learned({ alpha0, beta, lowerBound, hypergradOptimizer }), start, g);
        for (const value of alpha) expect(value).toBeGreaterThanOrEqual(lowerBound);
        // The bound is kept to 48 bits.
        reached += Number(alpha.some((value) => value < alpha0 && value - lowerBound <= 2 ** -44 * alpha0));
      }),
      runs,
    );
    expect(reached).toBeGreaterThan(runs.numRuns / 5);
  });

  it('with clipping moves α by at most β·clip at a time', () => {
    fc.assert(
      fc.property(gradients, rate, rate, rate, (g, alpha0, beta, clip) => {
        const { alpha } = follow(learned({ alpha0, beta, clip }), start, g);
        // The reference's order moves α twice a step, for two tensors; 1e-6 covers float32's rounding of β·clip.
        const most = 2 * beta * clip * (1 + 1e-6);
        for (const [i, value] of alpha.entries()) {
          expect(Math.abs(value - (alpha[i - 1] ?? alpha0))).toBeLessThanOrEqual(most + 1e-15);
        }
      }),
      runs,
    );
  });
});

describe('an h that is not finite', () => {
  const safeguards: Partial<HypergradientOptions>[] = [
    { lowerBound: 0 },
    { clip: 1 },
    { multiplicative: true },
    { hypergradOptimizer: hypergradOptimizers.momentum },
    { hypergradOptimizer: hypergradOptimizers.adam },
  ];
  const options = { alpha0: 0.1, beta: 0.01, weightDecay: 0 };
  // Steepest descent forgets the bad gradient after one more step, whose h has it in u.
  const withBad = (bad: number) => [1, 2, bad, 3, -4, 5].map((value) => [[value, 1, 0], [value]]);

  it.each(safeguards.flatMap((safeguard) => [NaN, Infinity, -Infinity].map((bad) => [safeguard, bad] as const)))(
    'is skipped where a safeguard is on: %o, %f',
    (safeguard, bad) => {
      const { alpha } = follow(sgdHD({ ...options, ...safeguard }), start, withBad(bad));
      expect(alpha.every(Number.isFinite)).toBe(true);
      expect(alpha.slice(2, 4)).toEqual([alpha[1], alpha[1]]);
      expect(alpha[4]).not.toBe(alpha[3]);
    },
  );

  it('that overflows, too', () => {
    const steps = [3e38, -3e38].map((value) => [[value, 0, 0], [0]]);
    expect(follow(sgdHD({ ...options, lowerBound: 0 }), start, steps).alpha).toEqual([0.1, 0.1]);
  });

  it("in the reference's order costs α no other tensor's share", () => {
    const steps = [1, NaN].map((value) => [[value, 0, 0], [2]]);
    const { alpha } = follow(adamHD({ ...options, eps: 0, lowerBound: 0 }), start, steps);
    // The second tensor's: h = 2·u, and u = 1 in Adam's first step. float32 gives 6e-8 in each operation.
    expect(alpha[1]! - alpha[0]!).toBeCloseTo(0.01 * 2, 8);
  });

  it("is no concern of the bare rule, which is the paper's", () => {
    expect(follow(sgdHD(options), start, withBad(NaN)).alpha.at(-1)).toBeNaN();
  });
});

describe('the multiplicative rule', () => {
  const powers = fc.integer({ min: -10, max: 10 }).map((exponent) => 2 ** exponent);

  it('is invariant to scaling the loss', () => {
    const options = { alpha0: 0.1, beta: 0.02, multiplicative: true };
    const rules = [sgdHD(options), sgdHD({ ...options, mu: 0.9, nesterov: true }), adamHD({ ...options, eps: 0 })];
    // A power of two scales float32 exactly.
    fc.assert(
      fc.property(gradients, powers, (g, factor) => {
        const scaled = g.map((step) => step.map((part) => part.map((value) => value * factor)));
        for (const rule of rules) {
          expect(follow(rule, start, scaled).alpha).toEqual(follow(rule, start, g).alpha);
        }
      }),
      runs,
    );
  });

  it('changes α by at most the share β', () => {
    const below1 = rate.map((beta) => 0.9 * beta);
    fc.assert(
      fc.property(gradients, below1, (g, beta) => {
        const { alpha } = follow(sgdHD({ alpha0: 0.1, beta, multiplicative: true }), start, g);
        for (const [i, value] of alpha.entries()) {
          const before = alpha[i - 1] ?? 0.1;
          // float32 rounds the cosine, and α itself by 6e-8 of α₀ when it multiplies.
          expect(Math.abs(value - before)).toBeLessThanOrEqual(beta * before * (1 + 1e-6) + 1e-8);
        }
      }),
      runs,
    );
  });
});
