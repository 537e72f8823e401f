import { expect, it } from 'vitest';
import { methods, publishedMethods } from '../../src/methods/table.js';
import { defaultOf, optionSpecs, ownOptions } from '../../src/cli/train_options.js';
import { hypergrad } from './hypergrad.js';

it('hypergrad methods tells of every method, for people and for programs', async () => {
  const [words, json] = await Promise.all([hypergrad(['methods']), hypergrad(['methods', '--json'])]);
  const described = JSON.parse(json.stdout) as { method: string; paper: string; options: { name: string }[] }[];
  expect(described.map(({ method }) => method)).toEqual(methods);
  for (const { method, paper, options } of described) {
    expect(words.stdout).toContain(`\n${method} (`.slice(method === methods[0] ? 1 : 0));
    expect(words.stdout).toContain(paper);
    for (const { name } of options) expect(ownOptions).toContain(name);
  }
});

it('the defaults of the published methods are those of the options', () => {
  for (const method of publishedMethods) {
    for (const option of ownOptions) expect(defaultOf(method, option)).toBe(optionSpecs[option].preset);
  }
});

it.each([
  [['--method', 'sgd', '--mu', '0.5'], /--mu is no option of sgd, which has --alpha_0; it is one of sgdn, sgdn_hd/],
  [['--method', 'adam', '--order', 'paper'], /--order is no option of adam/],
])('%j is refused in a line', async (args, message) => {
  const { code, stderr } = await hypergrad(['train', ...args]);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});
