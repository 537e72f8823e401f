import { afterEach, expect, it, vi } from 'vitest';
import { isInteractive } from '../../src/cli/terminal.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('a line is renewed on a terminal that can, for a user who lets it', () => {
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('TERM', 'xterm');
  expect(isInteractive({ isTTY: true })).toBe(true);
  expect(isInteractive({ isTTY: false })).toBe(false);
  expect(isInteractive({})).toBe(false);
  vi.stubEnv('TERM', 'dumb');
  expect(isInteractive({ isTTY: true })).toBe(false);
  vi.stubEnv('TERM', 'xterm');
  vi.stubEnv('NO_COLOR', '1');
  expect(isInteractive({ isTTY: true })).toBe(false);
});
