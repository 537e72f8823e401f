import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resultPath, tellsSettings } from '../../src/results/path.js';

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
  const path = resultPath({ ...run, besides: { seed: 2, clip: null } });
  expect(path).toBe(join('out', 'mlp', '+1e-03_+1e-07', 'alpha_0=0.0014_seed=2_clip=off', 'sgd.csv'));
  expect(tellsSettings('alpha_0=0.0014_seed=2_clip=off')).toBe(true);
  expect(tellsSettings('+1e-03_+1e-07')).toBe(false);
});
