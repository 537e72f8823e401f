import { describe, expect, it } from 'vitest';
import { listed, safeForTerminal, shown } from '../src/text.js';

describe('shown', () => {
  it.each([
    ['mlp/+1e-03_+1e-07', 'mlp/+1e-03_+1e-07'],
    ['α₀ 模型 🙂', 'α₀ 模型 🙂'],
    ['\x1b[31mred\x07', '\\x1b[31mred\\x07'],
    ['a\r\nb\tc', 'a\\x0d\\x0ab\\x09c'],
    ['\x9b1m\x7f', '\\x9b1m\\x7f'],
    ['txt.\u202evsc', 'txt.\\u202evsc'],
    ['a\u2028b\ufeff', 'a\\u2028b\\ufeff'],
    ['\ud83d', '\\ud83d'],
    ['\u{e0041}', '\\u{e0041}'],
  ])('%j', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('shows the beginning of a long text, and never half a character', () => {
    expect(shown('x'.repeat(11), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(shown('x'.repeat(10), 10)).toBe('x'.repeat(10));
    expect(shown('🙂'.repeat(9), 10)).toBe(`${'🙂'.repeat(4)}…`);
    // Each escape has four characters.
    expect(shown('\x1b'.repeat(9), 10)).toHaveLength(10);
    expect(shown('x'.repeat(50_000_000))).toHaveLength(4096);
  });
});

describe('safeForTerminal', () => {
  it('keeps the line ends of a table', () => {
    expect(safeForTerminal('a\n\x1bb\n')).toBe('a\n\\x1bb\n');
  });
});

describe('listed', () => {
  it('names a few and counts the rest', () => {
    expect(listed([])).toBe('none');
    expect(listed(['a', 'b\x1b', 'c', 'd', 'e'])).toBe('a, b\\x1b, c and 2 more');
  });
});
