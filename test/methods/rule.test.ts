import { setBackend } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { updateRule } from '../../src/methods/rule.js';
import type { Method } from '../../src/methods/table.js';
import { follow } from '../optimizers/rules.js';

beforeAll(() => setBackend('cpu'));

describe('two steps by hand, from θ = 1 with g = 2, then 3', () => {
  const options = { alpha0: 0.1, beta: 0.01, mu: 0.5, weightDecay: 0 };
  // Adam's u is 1 at first; then m = 0.48, v = 0.012996.
  const adam2 = (0.48 / Math.sqrt(0.012996)) * (Math.sqrt(1 - 0.999 ** 2) / (1 - 0.9 ** 2));

  it.each<[Method, alpha: number[], theta: number[]]>([
    ['sgd', [0.1, 0.1], [0.8, 0.8 - 0.1 * 3]],
    ['sgd_hd', [0.1, 0.1 + 0.01 * 6], [0.8, 0.8 - 0.16 * 3]],
    ['sgdn', [0.1, 0.1], [1 - 0.1 * 3, 0.7 - 0.1 * 5]],
    ['sgdn_hd', [0.1, 0.1 + 0.01 * 9], [1 - 0.1 * 3, 0.7 - 0.19 * 5]],
    ['adam', [0.1, 0.1], [0.9, 0.9 - 0.1 * adam2]],
    ['adam_hd', [0.1, 0.1 + 0.01 * 3], [0.9, 0.9 - 0.13 * adam2]],
  ])('%s', (method, alpha, theta) => {
    const actual = follow(updateRule(method, options), [[1]], [[[2]], [[3]]]);
    // float32 keeps seven digits; Adam's ε takes 2e-7 of u.
    for (const i of [0, 1]) {
      expect(actual.alpha[i]).toBeCloseTo(alpha[i]!, 7);
      expect(actual.theta[i]![0]).toBeCloseTo(theta[i]!, 6);
    }
  });
});

describe('α', () => {
  it('keeps increments that a float32 would lose', () => {
    const steps = Array.from({ length: 1001 }, () => [[1e-3]]);
    const rule = updateRule('sgd_hd', { alpha0: 1e-3, beta: 1e-5, mu: 0, weightDecay: 0 });
    const { alpha } = follow(rule, [[1]], steps);
    // A thousand times 1e-5·(1e-3)² = 1e-11, where float32 has a spacing of 1.2e-10; it knows each increment to 1e-7.
    expect(Math.abs(alpha.at(-1)! - (1e-3 + 1000 * 1e-11))).toBeLessThan(1e-8 * 1e-6);
  });

  it('leaves its lower bound by as little as that', () => {
    const steps = [[[1]], [[-1]], ...Array.from({ length: 1001 }, () => [[1e-3]])];
    const rule = updateRule('sgd_hd', { alpha0: 1e-3, beta: 1e-5, mu: 0, weightDecay: 0, lowerBound: 1e-3 });
    const { alpha } = follow(rule, [[1]], steps);
    // After the bound, h = −1·1e-3 once, which the bound stops too, then a thousand times (1e-3)².
    expect(Math.abs(alpha.at(-1)! - (1e-3 + 1000 * 1e-11))).toBeLessThan(1e-8 * 1e-6);
  });
});
