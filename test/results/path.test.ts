import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resultPath, tellsSettings, withoutSeed } from '../../src/results/path.js';

test('follows the layout of the published results', () => {
  const path = resultPath({ directory: 'out', model: 'logreg', method: 'adam_hd', alpha0: 1e-3, beta: 1e-7 });
  expect(path).toBe(join('out', 'logreg', '+1e-03_+1e-07', 'adam_hd.csv'));
});

test('names a rate of zero', () => {
  const path = resultPath({ directory: 'out', model: 'mlp', method: 'sgd', alpha0: 0.1, beta: 0 });
  expect(path).toBe(join('out', 'mlp', '+1e-01_+0e+00', 'sgd.csv'));
});

test('tells in a folder of its own what the published layout has no place for', () => {
  const run = { directory: 'out', model: 'mlp', method: 'sgd', alpha0: 0.0014, beta: 1e-7 };
  const path = resultPath({ ...run, besides: { alpha_0: 0.0014, seed: 2, clip: null } });
  expect(path).toBe(join('out', 'mlp', '+1e-03_+1e-07', 'alpha_0=0.0014_seed=2_clip=off', 'sgd.csv'));
  expect(tellsSettings('alpha_0=0.0014_seed=2_clip=off')).toBe(true);
  expect(tellsSettings('+1e-03_+1e-07')).toBe(false);
});

test('knows runs that differ in nothing but their seed', () => {
  const folders = ['', '/seed=2', '/mu=0.5', '/seed=2_mu=0.5', '/mu=0.5_seed=12', '/mu=0.5_seed=3_parallel=2'];
  expect(folders.map((folder) => withoutSeed(`+1e-03_+1e-07${folder}`))).toEqual(
    ['', '', '/mu=0.5', '/mu=0.5', '/mu=0.5', '/mu=0.5_parallel=2'].map((folder) => `+1e-03_+1e-07${folder}`),
  );
});
