import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { combinations, runsOf } from '../../src/sweep/grid.js';

const rates = { alpha_0: [0.1, 0.01], beta: [1e-3, 1e-4, 1e-5] };

describe('the runs of a grid', () => {
  it('are all combinations, the last option changing fastest', () => {
    const runs = combinations({ model: ['logreg'], method: ['sgd_hd'], ...rates });
    expect(runs.map(({ alpha_0, beta }) => [alpha_0, beta])).toEqual([
      ...[1e-3, 1e-4, 1e-5].map((beta) => [0.1, beta]),
      ...[1e-3, 1e-4, 1e-5].map((beta) => [0.01, beta]),
    ]);
  });

  it('of a method that does not use an option are trained once', () => {
    const count = (method: Parameters<typeof combinations>[0]['method'][number]) =>
      combinations({
        ...{ model: ['logreg'], method: [method], ...rates },
        ...{ mu: [0.5, 0.9], order: ['reference', 'paper'], clip: [undefined, 1], seed: [1, 2] },
      } as const).length;
    // α₀ and seed for all; β and clip for those that learn α; μ for Nesterov's; the order for Adam-HD.
    expect(count('sgd')).toBe(2 * 2);
    expect(count('adam')).toBe(2 * 2);
    expect(count('sgdn')).toBe(2 * 2 * 2);
    expect(count('sgd_hd')).toBe(2 * 2 * 3 * 2);
    expect(count('sgdn_hd')).toBe(2 * 2 * 3 * 2 * 2);
    expect(count('adam_hd')).toBe(2 * 2 * 3 * 2 * 2);
    const runs = combinations({ model: ['logreg'], method: ['adam'], ...rates });
    expect(runs.map(({ beta }) => beta)).toEqual([1e-3, 1e-3]);
  });

  it('are refused where they are too many, before they fill the memory', () => {
    const many = Array.from({ length: 50_000 }, (_, i) => i);
    const grid = { model: ['logreg'], method: ['sgd_hd'], seed: many, mu: [1], beta: many } as const;
    expect(() => combinations(grid)).toThrow(UsageError);
    expect(() => combinations(grid)).toThrow(/more than 100000 runs/);
  });

  it('of several grids are counted together', () => {
    const grid = { model: ['logreg'], method: ['sgd'], seed: Array.from({ length: 60_000 }, (_, i) => i) } as const;
    const twice = (exclude: { seed: number[] }[]) => {
      return runsOf<{ model: 'logreg'; method: 'sgd'; seed: number }>([
        { grid, exclude },
        { grid, exclude },
      ]);
    };
    expect(() => twice([])).toThrow(/more than 100000 runs/);
    expect(twice([{ seed: grid.seed.slice(0, 30_000) }])).toHaveLength(60_000);
  });
});
