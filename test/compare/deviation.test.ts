import { describe, expect, it } from 'vitest';
import { compareRows } from '../../src/compare/deviation.js';
import type { Row } from '../../src/results/row.js';

const row = (iteration: number, figures: Partial<Row> = {}): Row => ({
  epoch: 1,
  iteration,
  time: 0,
  loss: 2,
  lossEpoch: NaN,
  validLossEpoch: NaN,
  alpha: 0.01,
  alphaEpoch: NaN,
  beta: 1e-3,
  ...figures,
});

describe('compareRows', () => {
  it('finds the largest deviation of each quantity, and the first row past the tolerance', () => {
    const b = [row(2), row(3), row(4, { lossEpoch: 4, validLossEpoch: 1, alpha: 0.04, alphaEpoch: 0.02 })];
    const a = [
      row(2, { loss: 2.002 }),
      row(3, { alpha: 0.011 }),
      row(4, { lossEpoch: 4.2, validLossEpoch: 0.5, alpha: 0.04, alphaEpoch: 0.022 }),
    ];
    const { rows, largest, first } = compareRows(a, b, 0.01);
    expect(rows).toBe(3);
    // By hand: 0.2 / 4; 0.5 / 1; 0.002 / 0.04, the largest α. A few roundings of doubles.
    expect(largest.loss?.deviation).toBeCloseTo(0.05, 12);
    expect(largest.loss?.iteration).toBe(4);
    expect(largest.validLoss?.deviation).toBeCloseTo(0.5, 12);
    expect(largest.alpha?.deviation).toBeCloseTo(0.05, 12);
    // Row 2 deviates by 0.001; row 3 by 0.001 / 0.04.
    expect(first).toMatchObject({ iteration: 3, quantity: 'alpha' });
    expect(first?.deviation).toBeCloseTo(0.025, 12);
  });

  it('compares the iterations that both have', () => {
    const [a, b] = [
      [row(2), row(3, { loss: 9 }), row(4)],
      [row(2), row(4), row(6), row(7)],
    ];
    const { rows, only, first, largest } = compareRows(a, b, 0);
    expect(rows).toBe(2);
    expect(only).toEqual({ a: { rows: 1, iteration: 3 }, b: { rows: 2, iteration: 6 } });
    expect(first).toBeUndefined();
    expect(largest.loss?.deviation).toBe(0);
    expect(largest.validLoss).toBeUndefined();
  });

  it('takes the same NaN or infinity for equal, and any other for infinitely far', () => {
    const same = compareRows(
      [row(2, { loss: NaN }), row(3, { loss: Infinity })],
      [row(2, { loss: NaN }), row(3, { loss: Infinity })],
      0,
    );
    expect(same.largest.loss?.deviation).toBe(0);
    expect(compareRows([row(2, { loss: NaN })], [row(2)], 1e9).first?.deviation).toBe(Infinity);
    expect(compareRows([row(2)], [row(2, { validLossEpoch: 1 })], 1e9).first?.quantity).toBe('validLoss');
    expect(compareRows([row(2, { loss: 0 })], [row(2, { loss: 0 })], 0).largest.loss?.deviation).toBe(0);
  });
});
