import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweepTargetOf, targetOf, usual, type Settings } from '../../src/run/settings.js';

const published: Settings = {
  ...usual,
  ...({ model: 'logreg', method: 'adam_hd', alpha_0: 0.001, beta: 1e-7, epochs: 10, iterations: 0 } as const),
  ...({ lowerBound: undefined, clip: undefined, synthetic: false } as const),
  ...({ engine: 'onnx', threads: 0, workers: 1, device: 0 } as const),
};
const target = (settings: Partial<Settings>, of = sweepTargetOf) => of({ ...published, ...settings }, 'results');
const folder = join('results', 'logreg', '+1e-03_+1e-07');

describe('the path of a run', () => {
  it('is the published one, however far and on what it runs', () => {
    const free = { epochs: 3, iterations: 40, threads: 2, workers: 0, device: 1, engine: 'cpu' } as const;
    const others = { seed: 2, batchSize: 64, alpha_0: 0.0014 };
    for (const settings of [{}, free, others]) expect(target(settings, targetOf)).toBe(join(folder, 'adam_hd.csv'));
    for (const settings of [{}, free]) expect(target(settings)).toBe(join(folder, 'adam_hd.csv'));
    expect(target({ model: 'vgg', synthetic: true })).toMatch(/^results.vgg_synthetic.\+1e-03_\+1e-07.adam_hd\.csv$/);
  });

  it('differs in a sweep for every setting that rows depend on', () => {
    const others = {
      ...{ mu: 0.5, weightDecay: 0, order: 'paper', multiplicative: true, lowerBound: 0, clip: 1 },
      ...{ hypergradOptimizer: 'adam', batchSize: 64, lossThreshold: 0.1, reduction: 10, seed: 2, parallel: 2 },
      ...{ alpha_0: 0.0014, beta: 1.5e-7, method: 'adam', model: 'mlp' },
    } as const;
    const paths = Object.entries(others).map(([name, value]) => target({ [name]: value }));
    expect(new Set([target({}), ...paths]).size).toBe(1 + paths.length);
    expect(target({ seed: 2, weightDecay: 1e-7 })).toBe(join(folder, 'weightDecay=1e-7_seed=2', 'adam_hd.csv'));
  });
});
