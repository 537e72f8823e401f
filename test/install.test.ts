import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository } from './installed.js';

/** The package as `npm pack` makes it, in a project and a home folder that hold nothing else. */
describe('the packed package', () => {
  let folder: string;
  let project: string;
  let registry: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypergrad-install-'));
    project = join(folder, 'project');
    for (const name of ['project', 'home', 'tmp']) mkdirSync(join(folder, name));
    writeFileSync(join(project, 'package.json'), '{ "private": true }');
    registry = execFileSync('npm config get registry', { shell: true, encoding: 'utf8' }).trim();
    execFileSync(`npm pack --pack-destination "${folder}"`, { cwd: repository, shell: true, stdio: 'pipe' });
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

  /** Runs a command there, with nothing of the user's settings but the way to the registry. */
  function run(command: string): string {
    const { PATH, SystemRoot, HTTPS_PROXY, https_proxy } = process.env;
    const home = join(folder, 'home');
    const places = { HOME: home, USERPROFILE: home, TMPDIR: join(folder, 'tmp') };
    const env = { PATH, SystemRoot, HTTPS_PROXY, https_proxy, npm_config_registry: registry, ...places };
    return execFileSync(command, { cwd: project, env, shell: true, encoding: 'utf8', stdio: 'pipe' });
  }

  const packages = () => {
    const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    return Object.entries(lock.packages);
  };

  it('is installed from the registry alone: no package has a step of its own', { timeout: 180_000 }, () => {
    run(`npm install ../${readdirSync(folder).find((name) => name.endsWith('.tgz'))}`);
    expect(packages().length).toBeGreaterThan(10);
    expect(packages().filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
  });

  it('trains, and leaves nothing but its results', () => {
    run('npx hypergrad train --model logreg --iterations 5 --save --silent');
    const results = readFileSync(join(project, 'results/logreg/+1e-03_+1e-06/adam.csv'), 'utf8');
    expect(results.split('\r\n')).toHaveLength(1 + 5 + 1);
    expect(readdirSync(join(folder, 'home')).filter((name) => name !== '.npm')).toEqual([]);
    expect(readdirSync(project).sort()).toEqual(['node_modules', 'package-lock.json', 'package.json', 'results']);
  });

  it('shares one tfjs-core with the tfjs of its user', { timeout: 180_000 }, () => {
    run('npm install @tensorflow/tfjs@^4.22.0');
    const cores = packages().filter(([path]) => path.endsWith('node_modules/@tensorflow/tfjs-core'));
    expect(cores).toHaveLength(1);
    const code = `
      import * as tf from '@tensorflow/tfjs';
      import { SGDHD } from 'hypergrad';
      const optimizer = new SGDHD({ lr: 0.1 });
      const x = tf.variable(tf.scalar(3));
      optimizer.minimize(() => x.square());
      console.log(optimizer instanceof tf.Optimizer, x.dataSync()[0].toFixed(3));
    `;
    writeFileSync(join(project, 'step.mjs'), code);
    expect(run('node step.mjs')).toContain('true 2.400');
  });
});
