import { describe, expect, it } from 'vitest';
import { insetAxis, linearAxis, logAxis } from '../../src/plot/axis.js';

describe('axes', () => {
  it('leave a twentieth of the range on either side, in the logarithm on a log axis', () => {
    const { domain } = linearAxis([0, 10, NaN, Infinity]);
    expect(domain).toEqual([-0.5, 10.5]);
    const [low, high] = logAxis([0.01, 1, 0, -1, NaN]).domain;
    // 5 % of two decades; a few roundings of doubles.
    expect(Math.log10(low)).toBeCloseTo(-2.1, 12);
    expect(Math.log10(high)).toBeCloseTo(0.1, 12);
  });

  it('have a range even for one value or none', () => {
    for (const axis of [linearAxis([]), linearAxis([0.001]), linearAxis([0]), logAxis([]), logAxis([2])]) {
      expect(axis.domain[1]).toBeGreaterThan(axis.domain[0]);
    }
  });

  it('label powers of ten, and multiples of theirs where there are few', () => {
    const labels = (values: number[]) => logAxis(values).ticks.map(({ label }) => label);
    expect(labels([0.0008, 2.3])).toEqual(['10⁻³', '10⁻²', '10⁻¹', '10⁰']);
    expect(labels([0.35, 2.3])).toEqual(['4 × 10⁻¹', '6 × 10⁻¹', '10⁰', '2 × 10⁰']);
    expect(logAxis([0.35, 2.3]).minor).toEqual([0.5, 0.7, 0.8, 0.9]);
  });

  it('begin at a round value in insets, as the published ones', () => {
    // logreg's learning rates: the published inset begins at -0.01 and ends a margin above 0.0487.
    const { domain } = insetAxis([-0.0021, 0.0487]);
    expect(domain[0]).toBeCloseTo(-0.01, 12);
    expect(domain[1]).toBeCloseTo(0.0487 + 0.05 * 0.0508, 12);
  });
});
