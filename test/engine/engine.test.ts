import { expect, it } from 'vitest';
import { valuesAt } from '../../src/engine/engine.js';
import { UsageError } from '../../src/errors.js';

it('a state of another network or rule is refused by name and shape', () => {
  const values = Float32Array.of(1, 2);
  const state = { 'rule/m': { shape: [2], values } };
  expect(valuesAt(state, 'rule/m', [2])).toBe(values);
  expect(() => valuesAt(state, 'rule/m', [1, 2])).toThrow(/needs rule\/m of shape \[1, 2\], and the state has \[2\]/);
  expect(() => valuesAt(state, 'rule/v', [2])).toThrow(UsageError);
});
