import { describe, expect, test } from 'vitest';
import { mt19937 } from '../../src/random/mt19937.js';
import { normal, permutation, uniform } from '../../src/random/torch.js';

// Reference values: PyTorch 1.13 on a CPU, after torch.manual_seed(seed), where its streams are those of 0.3.

describe('uniform', () => {
  test('equals torch.rand', () => {
    expect([...uniform(mt19937(1), 5, 0, 1)]).toEqual([
      0.7576315999031067, 0.2793108820915222, 0.40306925773620605, 0.7346844673156738, 0.029281556606292725,
    ]);
  });

  test("rounds to float32 after each operation, over a linear layer's range", () => {
    // NumPy, float32: rand * (2 / 28) - 1 / 28. (PyTorch 1.13 rounds once, at the end: another last place.)
    expect([...uniform(mt19937(1), 6, -1 / 28, 1 / 28)]).toEqual([
      0.018402259796857834, -0.015763510018587112, -0.006923625245690346, 0.016763176769018173, -0.03362274914979935,
      0.02141847461462021,
    ]);
  });

  test('keeps the low 24 bits of a draw', () => {
    const draws = [0xff000001, 0x01800000];
    const source = { next: () => draws.shift()!, skip: (count: number) => void draws.splice(0, count) };
    expect([...uniform(source, 2, 2, 4)]).toEqual([2 + 2 ** -23, 3].map(Math.fround));
  });
});

describe('normal', () => {
  // PyTorch 1.13 draws fewer than 16 values as 0.3 drew any number of them.
  test('equals Tensor.normal_', () => {
    expect([...normal(mt19937(1), 10, 0.5, 0.25)]).toEqual([
      0.6653380393981934, 0.5667310357093811, 0.5154193043708801, 0.6553293466567993, 0.3870235085487366,
      0.4584674537181854, 0.11930787563323975, 0.5954209566116333, 0.24309785664081573, 0.35923680663108826,
    ]);
  });

  test('equals Tensor.normal_ over a convolution, filled twelve values at a time', () => {
    const values = normal(mt19937(1), 64 * 3 * 9, 0, Math.sqrt(2 / (9 * 64)));
    expect([...values.slice(0, 4)]).toEqual([
      0.038970548659563065, 0.015728652477264404, 0.0036343673709779978, 0.03661147505044937,
    ]);
    expect(values.at(-1)).toBe(0.05481274053454399);
    // The sum is of float32 values in float64: one that rounds to its neighbour would move it by 1e-9 or more.
    const sum = values.reduce((total, value) => total + value, 0);
    expect(Math.abs(sum + 3.556994070931978)).toBeLessThan(1e-10);
  });

  test('spends four draws a pair', () => {
    const [source, after] = [mt19937(1), mt19937(1)];
    normal(source, 6, 0, 1);
    for (let i = 0; i < 12; i++) after.next();
    expect(source.next()).toBe(after.next());
  });

  test('refuses an odd number of values', () => {
    expect(() => normal(mt19937(1), 15, 0, 1)).toThrow('15 values');
  });
});

describe('permutation', () => {
  test('equals torch.randperm', () => {
    expect([...permutation(mt19937(1), 10)]).toEqual([5, 6, 1, 2, 0, 8, 9, 3, 7, 4]);
    expect([...permutation(mt19937(0), 10)]).toEqual([4, 1, 7, 5, 3, 9, 0, 8, 6, 2]);
  });

  test('equals torch.randperm at the size of MNIST', () => {
    const order = permutation(mt19937(1), 60_000);
    expect([...order.slice(0, 6)]).toEqual([35845, 27522, 33254, 23645, 11299, 16178]);
    expect([...order.slice(-3)]).toEqual([21675, 36444, 12053]);
    expect(new Set(order).size).toBe(60_000);
  });
});
