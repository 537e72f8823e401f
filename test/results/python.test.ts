import { describe, expect, test } from 'vitest';
import { pythonExponent, pythonFloat } from '../../src/results/python.js';

// Reference values: Python 3.11. The functions were compared with it once on 60,519 doubles: random bits, random sizes
// from 1e-12 to 1e20, float32 values, ties; none differed.

describe('pythonFloat equals repr', () => {
  test.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-12, '-12.0'],
    [0.001, '0.001'],
    [1e-7, '1e-07'],
    [1e-5, '1e-05'],
    [9.999e-5, '9.999e-05'],
    [1e-4, '0.0001'],
    [-0.00020019819680602743, '-0.00020019819680602743'],
    [0.0010000000000000007, '0.0010000000000000007'],
    [2.2260472774505615, '2.2260472774505615'],
    [9999999999999998, '9999999999999998.0'],
    [1e16, '1e+16'],
    [123456789012345680, '1.2345678901234568e+17'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308'],
    [NaN, 'nan'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
  ])('%d', (x, expected) => {
    expect(pythonFloat(x)).toBe(expected);
  });
});

describe("pythonExponent equals '{:+.0e}'.format", () => {
  test.each([
    [0.001, '+1e-03'],
    [1e-7, '+1e-07'],
    [0, '+0e+00'],
    [-0, '-0e+00'],
    [1, '+1e+00'],
    [-0.05, '-5e-02'],
    [1e-10, '+1e-10'],
    [1e100, '+1e+100'],
    [1.5e-3, '+2e-03'],
    [9.5, '+1e+01'],
    [9.4999, '+9e+00'],
    [NaN, '+nan'],
    [-Infinity, '-inf'],
  ])('%d', (x, expected) => {
    expect(pythonExponent(x)).toBe(expected);
  });

  test.each([
    [2.5, '+2e+00'],
    [3.5, '+4e+00'],
    [0.25, '+2e-01'],
    [0.75, '+8e-01'],
    [-450, '-4e+02'],
    [2.5e22, '+2e+22'],
  ])('%d, a tie', (x, expected) => {
    expect(pythonExponent(x)).toBe(expected);
  });

  test.each([
    [0.0025, '+3e-03'],
    [0.0045, '+4e-03'],
    [2.5e23, '+2e+23'],
    [2.5000000000000004, '+3e+00'],
  ])('%d, beside a tie', (x, expected) => {
    expect(pythonExponent(x)).toBe(expected);
  });
});
