import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { methods } from '../../src/methods/table.js';
import { temporaryFolder } from '../synthetic.js';
import { hypergrad } from './hypergrad.js';

const folder = temporaryFolder();
const path = (shell: string) => join(folder, shell === 'zsh' ? '_hypergrad' : `hypergrad.${shell}`);
const shells = ['bash', 'zsh', 'fish'] as const;
const isInstalled = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;

beforeAll(async () => {
  mkdirSync(join(folder, 'results'));
  writeFileSync(join(folder, 'grid.yaml'), '');
  await Promise.all(
    shells.map(async (shell) => {
      const { stdout, code } = await hypergrad(['completion', shell]);
      expect(code).toBe(0);
      writeFileSync(path(shell), stdout);
    }),
  );
});

/** What a shell offers at the end of a line, each once, sorted. */
const completions = {
  /** As readline calls it: words are broken at `=`. */
  bash(line: string): string[] {
    const words = line.split(/ |(?<==)|(?==)/).map((word) => `'${word}'`);
    const call = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _hypergrad; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return sorted(run('bash', ['--norc', '-c', `source '${path('bash')}'; ${call}`]));
  },
  /** In a terminal of its own; what is handed to the completion system is what it would show. */
  zsh(line: string): string[] {
    const found = join(folder, 'found');
    writeFileSync(found, '');
    const typed = [
      `PS1=; fpath=(${folder} $fpath); autoload -U compinit; compinit -u -d ${folder}/dump`,
      `compadd() { local -a f=(); builtin compadd -O f "$@"; print -rl -- $f >> ${found}; builtin compadd "$@" }`,
      // Written in two, so that the echo of what is typed is not taken for it.
      `tell() { zle complete-word; print -n DO''NE }; zle -N tell; bindkey '^I' tell; print -n REA''DY`,
    ];
    const script = [
      'zmodload zsh/zpty',
      'zpty terminal "TERM=dumb zsh -f -i"',
      ...typed.map((text) => `zpty -w terminal ${single(text)}`),
      "zpty -r -m terminal said '*READY*'",
      `zpty -w -n terminal ${single(line)}$'\\t'`,
      "zpty -r -m terminal said '*DONE*'",
      'zpty -d terminal',
    ].join('\n');
    run('zsh', ['-f', '-c', script]);
    return sorted(readFileSync(found, 'utf8'));
  },
  fish(line: string): string[] {
    const text = run('fish', ['--no-config', '-c', `source '${path('fish')}'; complete -C ${single(line)}`]);
    return sorted(text.replaceAll(/\t.*/g, ''));
  },
};

const single = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const run = (shell: string, args: string[]) =>
  execFileSync(shell, args, { encoding: 'utf8', cwd: folder, timeout: 20_000, env: { ...process.env, HOME: folder } });
const sorted = (text: string) => [...new Set(text.split('\n').filter((word) => word !== ''))].sort();

describe.each(shells)('in %s', (shell) => {
  const offered = (line: string) => completions[shell](line);

  it.skipIf(!isInstalled(shell))('commands, options, methods, each of a list, and folders are completed', () => {
    expect(offered('hypergrad s')).toEqual(['setup', 'summary', 'sweep']);
    expect(offered('hypergrad train --mu')).toEqual(['--mu', '--muLr', '--multiplicative']);
    expect(offered('hypergrad train --method ')).toEqual([...methods].sort());
    expect(offered('hypergrad train --method hd')).toEqual(['hdm']);
    expect(offered('hypergrad sweep --method sgd,ho').length).toBe(0);
    expect(offered('hypergrad data c')).toEqual(['cifar10']);
    const [last = ''] = offered('hypergrad sweep --method sgd,hd');
    expect(last.replace(/^sgd,/, '')).toBe('hdm');
  });
});
