import { describe, expect, it } from 'vitest';
import { finite, integer, nonNegative, number, oneOf, positive } from '../../src/cli/arguments.js';
import { seedBounds, threadBounds } from '../../src/cli/bounds.js';

describe('numbers', () => {
  it.each([
    ['0.001', 0.001],
    ['1e-7', 1e-7],
    ['1E+3', 1000],
    ['+5', 5],
    ['5.', 5],
    ['.5', 0.5],
    ['007', 7],
    ['0e5', 0],
    ['0.000e-999', 0],
    ['5e-324', 5e-324],
    ['1.7976931348623157e308', 1.7976931348623157e308],
  ])('%s is taken', (text, value) => {
    expect(nonNegative(text)).toBe(value);
    expect(finite(text)).toBe(value);
  });

  it('-0 is 0', () => {
    for (const text of ['-0', '-0.0', '-0e3']) {
      expect(nonNegative(text)).toBe(0);
      expect(finite(text)).toBe(0);
      expect(integer(0)(text)).toBe(0);
    }
  });

  it.each([
    ['', ' ', ' 1 ', '1 ', '\ufeff1', '1\n', '0x10', '0b1', '0o7', '1_000', '1,000', '1e', 'e1', '.', '--1', '1e5.5'],
    ['Infinity', '-Infinity', 'inf', 'NaN', 'nan', '１', '1n', '1f', 'true', 'one', '1e1e1', '+', '-', '∞'],
  ])('what is not in decimal notation is refused', (...texts) => {
    for (const text of texts) {
      for (const parse of [nonNegative, positive, finite, integer(0), number({ most: 5 })]) {
        expect(() => parse(text), JSON.stringify(text)).toThrow(/^It takes an? (number|integer)/);
      }
    }
  });

  it('what a double cannot hold is refused with the reason', () => {
    for (const parse of [nonNegative, positive, finite, integer(0)]) {
      for (const text of ['1e-400', '0.001e-330', `0.${'0'.repeat(400)}1`])
        expect(() => parse(text)).toThrow(/so small/);
      for (const text of ['1e999', '9'.repeat(400)]) expect(() => parse(text)).toThrow(/past 1\.8e308/);
    }
    expect(() => finite('-1e-400')).toThrow(/so small/);
    expect(() => integer(0)('9007199254740993')).toThrow(/It takes an integer/);
  });

  it('bounds are told, with the reason', () => {
    expect(() => nonNegative('-1e-300')).toThrow('It takes a number, 0 or larger, like 0.001 or 1e-7.');
    expect(() => positive('0')).toThrow(/above 0/);
    expect(() => number({ least: 0, most: 1 })('1.5')).toThrow(/0 or larger and 1 or smaller/);
    expect(() => integer(1)('0')).toThrow('It takes an integer, 1 or larger.');
    expect(() => integer({ least: 1, most: 4, because: 'there are four' })('5')).toThrow(
      'It takes an integer, 1 to 4: there are four.',
    );
    expect(() => integer(threadBounds)('100000')).toThrow(/It takes an integer, 0 to \d+: .*cores?\.$/);
    expect(integer(seedBounds)('4294967295')).toBe(4294967295);
    expect(() => integer(seedBounds)('4294967296')).toThrow(/32 bits/);
  });
});

describe('oneOf', () => {
  it('takes its own, and suggests what was meant', () => {
    const method = oneOf(['sgd', 'sgd_hd', 'adam', 'adam_hd']);
    expect(method('adam_hd')).toBe('adam_hd');
    expect(() => method('AdamHD')).toThrow(/^Did you mean adam_hd\? It takes one of sgd, sgd_hd, adam, adam_hd\.$/);
    expect(() => method('constructor')).toThrow(/^It takes one of/);
  });
});
