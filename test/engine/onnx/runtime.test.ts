import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { repository } from '../../installed.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-runtime-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

/** Runs Node with nothing from the user's environment, in folders of its own. */
function run(args: readonly string[], home = 'home') {
  const at = (name: string) => join(folder, name);
  for (const name of ['home', 'work', 'tmp']) mkdirSync(at(name), { recursive: true });
  const { PATH, SystemRoot } = process.env;
  const env: NodeJS.ProcessEnv = {
    PATH,
    SystemRoot,
    HOME: at(home),
    USERPROFILE: at(home),
    TMPDIR: at('tmp'),
    TMP: at('tmp'),
  };
  return spawnSync(process.execPath, args, { cwd: at('work'), env, encoding: 'utf8' });
}

const left = () =>
  ['home', 'work', 'tmp'].flatMap((name) => readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' }));

const main = join(repository, 'dist/cli/main.js');

test('a run writes nothing but its results', () => {
  const { status, stderr } = run([main, 'train', '--iterations', '40', '--save', '--dir', join(folder, 'results')]);
  expect(stderr).toContain('Saved');
  expect({ status, left: left() }).toEqual({ status: 0, left: [] });
});

test('a run whose home cannot be written to says nothing with --silent', () => {
  writeFileSync(join(folder, 'file'), '');
  const { status, stdout, stderr } = run([main, 'train', '--iterations', '40', '--silent'], 'file/below');
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('the library alone is as quiet', () => {
  const module = new URL('../../../dist/engine/onnx/runtime.js', import.meta.url).href;
  // A session, since the telemetry begins with the first.
  const code = `
    const { InferenceSession } = await import('${module}');
    await InferenceSession.create(Buffer.from('no model')).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 500));
  `;
  const { status, stdout, stderr } = run(['--input-type=module', '-e', code]);
  expect({ status, stdout, stderr, left: left() }).toEqual({ status: 0, stdout: '', stderr: '', left: [] });
});
