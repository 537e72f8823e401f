import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installInto, repository } from './installed.js';

/** Each error that is expected shows that the types were found: where they are not, everything is `any`. */
const program = `import * as tf from '@tensorflow/tfjs-core';
import { AdamHD, adamHD, SGDHD, type AdamHDOptions, type NamedTensors, type UpdateRule } from 'hypergrad';

const options: AdamHDOptions = { lr: 1e-3, hypergradLr: 1e-7, order: 'paper' };
const optimizer: tf.Optimizer = new AdamHD(options);
const rate: number = new SGDHD({ lr: 0.1 }).learningRate;
const rule: UpdateRule = adamHD({ alpha0: rate, beta: 1e-7 });
const start: NamedTensors = { x: tf.scalar(1) };
rule.init(start);
optimizer.dispose();
// @ts-expect-error lr is required
new SGDHD({});
// @ts-expect-error a number
const words: string = new AdamHD().learningRate;
console.log(words);
`;

const resolutions = [
  // TypeScript 6 takes node10, the default of older versions, only with a word that one knows its age.
  ['node10', 'program.ts', { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' }],
  ['node16', 'program.mts', { module: 'node16', moduleResolution: 'node16' }],
  ['nodenext', 'program.mts', { module: 'nodenext', moduleResolution: 'nodenext' }],
  ['nodenext, from CommonJS', 'program.cts', { module: 'nodenext', moduleResolution: 'nodenext' }],
  ['bundler', 'program.ts', { module: 'esnext', moduleResolution: 'bundler' }],
] as const;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-types-'));
  installInto(folder);
});
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

it.each(resolutions)("a user's program finds the types with moduleResolution %s", (_, file, options) => {
  const compilerOptions = { target: 'es2022', strict: true, noEmit: true, skipLibCheck: true, types: [], ...options };
  writeFileSync(join(folder, file), program);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  expect(check()).toBe('');
});

/** What the compiler has to say. */
function check(): string {
  try {
    const tsc = join(repository, 'node_modules/typescript/bin/tsc');
    return execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
