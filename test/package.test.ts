import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository } from './installed.js';

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly engines: object;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly dependencies?: object;
}

/** Trains for two steps by hand, and prints α: SGD-HD from θ = 1 on θ², α₀ = 0.1, β = 0.01. */
const program = `
  const x = tf.variable(tf.scalar(1));
  const optimizer = new SGDHD({ lr: 0.1, hypergradLr: 0.01 });
  for (let i = 0; i < 2; i++) optimizer.applyGradients({ [x.name]: tf.mul(x, 2) });
  const rate = optimizer.learningRate;
`;
/** The gradients are 2·1 and 2·0.8, so that h = 3.2. */
const learned = 0.1 + 0.01 * 3.2;
const backend = "import '@tensorflow/tfjs-backend-cpu';";

let project: string;
const home = () => join(project, 'node_modules/hypergrad-tfjs');
const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
const node = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8', stdio: 'pipe' });

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'hypergrad-project-'));
  const tsx = join(repository, 'node_modules/tsx/dist/cli.mjs');
  const packed = node(tsx, join(repository, 'scripts/pack_tfjs.ts'), project).trim();
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  // The peer is linked below, so that nothing need be fetched.
  const install = ['install', packed, '--legacy-peer-deps', '--offline', '--no-audit', '--no-fund'];
  execFileSync('npm', install, { cwd: project, stdio: 'pipe' });
  symlinkSync(join(repository, 'node_modules/@tensorflow'), join(project, 'node_modules/@tensorflow'));
}, 120_000);
afterAll(() => rmSync(project, { recursive: true }));

describe('the optimizers’ own package, packed and installed', () => {
  it('is small, and needs nothing but its peer', () => {
    const files = readdirSync(home(), { recursive: true, encoding: 'utf8' }).map((name) =>
      statSync(join(home(), name)),
    );
    const bytes = files.filter((file) => file.isFile()).reduce((total, { size }) => total + size, 0);
    expect(bytes).toBeLessThan(300_000);
    expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      '@tensorflow',
      'hypergrad-tfjs',
    ]);
    const [ours, whole] = [manifest(home()), manifest(repository)];
    expect(ours.dependencies).toBeUndefined();
    expect(Object.keys(ours.peerDependencies)).toEqual(['@tensorflow/tfjs-core']);
    expect([ours.version, ours.license, ours.engines]).toEqual([whole.version, whole.license, whole.engines]);
  });

  it('is imported', () => {
    writeFileSync(
      join(project, 'esm.mjs'),
      `${backend} import * as tf from '@tensorflow/tfjs-core'; import { SGDHD } from 'hypergrad-tfjs';
       ${program} console.log(rate);`,
    );
    expect(Number(node('esm.mjs'))).toBeCloseTo(learned, 7);
  });

  it('is required by CommonJS', () => {
    writeFileSync(
      join(project, 'common.cjs'),
      `require('@tensorflow/tfjs-backend-cpu'); const tf = require('@tensorflow/tfjs-core');
       const { SGDHD } = require('hypergrad-tfjs'); ${program} console.log(rate);`,
    );
    expect(Number(node('common.cjs'))).toBeCloseTo(learned, 7);
  });

  it('has types', () => {
    writeFileSync(
      join(project, 'typed.mts'),
      `import 'hypergrad-tfjs/register';
       import { AdamHD, type AdamHDOptions } from 'hypergrad-tfjs';
       const options: AdamHDOptions = { lr: 0.1 };
       const rate: number = new AdamHD(options).learningRate;
       // @ts-expect-error a number
       const words: string = rate;
       console.log(words);`,
    );
    const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--noEmit', '--skipLibCheck'];
    node(join(repository, 'node_modules/typescript/bin/tsc'), ...options, 'typed.mts');
  });

  it('its example runs', () => {
    const [, example = ''] = /^```js\n(.*?)^```$/ms.exec(readFileSync(join(home(), 'README.md'), 'utf8')) ?? [];
    writeFileSync(join(project, 'example.mjs'), example);
    const { rate } = /learning rate (?<rate>\S+),/.exec(node('example.mjs'))?.groups ?? {};
    expect(Number(rate)).toBeGreaterThan(1e-4);
  });

  it('weighs in a bundle what its README says', async () => {
    const sizes: Record<string, number> = {
      AdamHD: await bundled("export { AdamHD } from 'hypergrad-tfjs';"),
      adamHD: await bundled("export { adamHD } from 'hypergrad-tfjs';"),
      everything: await bundled("export * from 'hypergrad-tfjs';"),
      core: await bundled(
        "import { AdamHD } from 'hypergrad-tfjs'; globalThis.make = (options) => new AdamHD(options);",
        [],
      ),
    };
    const readme = readFileSync(join(home(), 'README.md'), 'utf8');
    const told = /`AdamHD` (\d+\.\d) kB, `adamHD` alone (\d+\.\d), everything (\d+\.\d).*?is (\d+\.\d)\s+with/s.exec(
      readme,
    );
    // Rounded to 0.1 kB there, and a new version of the bundler may do better or worse by some per cent.
    for (const [i, bytes] of Object.values(sizes).entries()) {
      expect(Math.abs(Number(told?.[i + 1]) * 1000 - bytes)).toBeLessThan(50 + 0.05 * bytes);
    }
    expect(sizes.adamHD).toBeLessThan(0.6 * sizes.AdamHD!);
  });

  it('is registered in a bundle that mentions no class', async () => {
    writeFileSync(
      join(project, 'load.mjs'),
      `import 'hypergrad-tfjs/register';
       import { serialization } from '@tensorflow/tfjs-core';
       console.log(Object.keys(serialization.SerializationMap.getMap().classNameMap).join());`,
    );
    await build({
      root: project,
      logLevel: 'error',
      build: { outDir: 'loaded', ssr: 'load.mjs', rolldownOptions: { external: /^@tensorflow/ } },
      ssr: { noExternal: ['hypergrad-tfjs'] },
    });
    expect(readFileSync(join(project, 'loaded/load.js'), 'utf8')).not.toMatch(/from ["']hypergrad-tfjs/);
    expect(node('loaded/load.js').trim().split(',')).toEqual(expect.arrayContaining(['SGDHD', 'AdamHD', 'AdamWHD']));
  });

  it('loads as it is, by an import map with one entry', () => {
    const modules = readdirSync(join(home(), 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js'),
    );
    const bare = modules.flatMap((name) => {
      const code = readFileSync(join(home(), 'dist', name), 'utf8');
      return [...code.matchAll(/^(?:import|export|\}).*'([^'.][^']*)';$/gm)].map(([, specifier]) => specifier);
    });
    expect([...new Set(bare)]).toEqual(['@tensorflow/tfjs-core']);

    // What a browser does with an import map, by a hook of Node's.
    const tensorflow = (path: string) => pathToFileURL(join(repository, 'node_modules/@tensorflow', path)).href;
    const imports = {
      'hypergrad-tfjs': pathToFileURL(join(home(), 'dist/index.js')).href,
      '@tensorflow/tfjs-core': tensorflow('tfjs-core/dist/tf-core.fesm.js'),
      '@tensorflow/tfjs-backend-cpu': tensorflow('tfjs-backend-cpu/dist/tf-backend-cpu.fesm.js'),
    };
    writeFileSync(
      join(project, 'hook.mjs'),
      `const imports = ${JSON.stringify(imports)};
       export const resolve = (name, context, next) =>
         name in imports ? { url: imports[name], format: 'module', shortCircuit: true } : next(name, context);`,
    );
    writeFileSync(
      join(project, 'map.mjs'),
      `import { createRequire, register } from 'node:module';
       register('./hook.mjs', import.meta.url);
       globalThis.require = createRequire(import.meta.url); // tfjs-core asks for it in Node`,
    );
    expect(Number(node('--import', './map.mjs', 'esm.mjs'))).toBeCloseTo(learned, 7);
  });
});

/** Bytes of a bundle by Vite, minified and gzipped. */
async function bundled(code: string, external: string[] = ['@tensorflow/tfjs-core']): Promise<number> {
  const entry = join(project, 'entry.js');
  writeFileSync(entry, code);
  const outcome = await build({
    root: project,
    configFile: false,
    logLevel: 'error',
    // Of a library Vite keeps white space, and names of files in comments, unless the output says so itself.
    build: {
      ...{ write: false, lib: { entry, formats: ['es'] } },
      rolldownOptions: { external, output: { minify: true } },
    },
  });
  const [result] = Array.isArray(outcome) ? outcome : [outcome];
  if (!result || !('output' in result)) throw new Error('Vite made no bundle');
  return gzipSync(result.output[0].code, { level: 9 }).length;
}
