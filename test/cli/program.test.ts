import { expect, it } from 'vitest';
import { hypergrad } from './hypergrad.js';

it.each([
  [['setup'], /^error: .*'engine'\. It is one of tfjs-node-gpu, tfjs-node\. Usage: hypergrad setup .*<engine>\n$/],
  [['completion'], /^error: .*'shell'\. It is one of bash, zsh, fish\. Usage: hypergrad completion .*<shell>\n$/],
  [['compare', 'a'], /^error: .*'B'\. Usage: hypergrad compare \[options\] <A> <B>\n$/],
  [
    ['train', '--method'],
    /^error: .*--method <name>.* It is one of adam, adam_hd, .*\. Usage: hypergrad train \[options\]\n$/,
  ],
])('%j lacks an argument: what it may be is said', async (args, said) => {
  const { code, stderr, stdout } = await hypergrad(args);
  expect(stderr).toMatch(said);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

it('help for what is no command is an error, with the command that was surely meant', async () => {
  const stderr = "error: unknown command 'plott' (Did you mean plot?)\n";
  expect(await hypergrad(['help', 'plott'])).toEqual({ code: 2, stdout: '', stderr });
});
