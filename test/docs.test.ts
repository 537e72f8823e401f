import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installInto, repository } from './installed.js';

const pages = ['README.md', ...readdirSync(join(repository, 'docs')).map((name) => join('docs', name))]
  .filter((name) => name.endsWith('.md') && existsSync(join(repository, name)))
  .map((name) => ({ name, text: readFileSync(join(repository, name), 'utf8') }));

const examples = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/^```js\n(.*?)^```$/gms)]
    .map(([, code = '']) => code)
    .filter((code) => code.includes("from 'hypergrad'"))
    .map((code, i) => [`${basename(name, '.md')}-${i + 1}`, code] as const),
);

describe('the examples in the documentation', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypergrad-docs-'));
    installInto(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are there', () => expect(examples.length).toBeGreaterThanOrEqual(6));

  it.each(examples)('run: %s', (name, code) => {
    writeFileSync(join(folder, `${name}.mjs`), code);
    const printed = execFileSync(process.execPath, [join(folder, `${name}.mjs`)], { encoding: 'utf8', stdio: 'pipe' });
    const { rate = '1' } = /learning rate (?<rate>\S+?),?\s/.exec(printed)?.groups ?? {};
    expect(Number(rate)).toBeGreaterThan(1e-4);
    expect(printed).not.toMatch(/NaN|undefined/);
  });
});
