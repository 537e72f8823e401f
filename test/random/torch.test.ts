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
    expect([...uniform({ next: () => draws.shift()! }, 2, 2, 4)]).toEqual([2 + 2 ** -23, 3].map(Math.fround));
  });
});

describe('normal', () => {
  // PyTorch's logarithm, sine and cosine are polynomials: one value in six differs by one unit in the last place, which
  // is 2.4e-7 for values of 2 to 4 standard deviations.
  const tolerance = 3e-7;

  test('equals Tensor.normal_ over whole blocks of 16', () => {
    const std = Math.sqrt(2 / (9 * 64));
    const values = normal(mt19937(1), 64 * 3 * 9, 0, std);
    const expected = [-0.08989660441875458, -0.04420783370733261, -0.0385361947119236, -0.09483980387449265];
    expected.forEach((value, i) => expect(Math.abs(values[i]! - value)).toBeLessThan(tolerance * std));
    expect(Math.abs(values.at(-1)! - 0.16434010863304138)).toBeLessThan(tolerance * std);
    const sum = values.reduce((total, value) => total + value, 0);
    expect(Math.abs(sum - 2.0334250430605607)).toBeLessThan(values.length * tolerance * std);
  });

  test('draws the last 16 again where n is not a multiple of 16', () => {
    const expected = [
      0.11860102415084839, 0.3124420642852783, 0.3365047574043274, 0.09762880206108093, 0.7164230942726135,
      0.561100959777832, 0.3342721462249756, 0.7018270492553711, 0.6097853779792786, 0.7928001880645752,
      0.941856861114502, 0.47615954279899597, 0.5152888298034668, 0.3455638885498047, 0.30048254132270813,
      0.46709418296813965, 0.3003900647163391, 0.583932638168335, 0.5688333511352539, 0.9290756583213806,
    ];
    const source = mt19937(1);
    const values = normal(source, 20, 0.5, 0.25);
    expected.forEach((value, i) => expect(Math.abs(values[i]! - value)).toBeLessThan(tolerance));

    const after = mt19937(1);
    for (let i = 0; i < 36; i++) after.next();
    expect(source.next()).toBe(after.next());
  });

  test('refuses fewer than 16 values', () => {
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
