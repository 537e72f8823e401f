import { describe, expect, it } from 'vitest';
import { loadMnist } from '../../src/data/mnist.js';
import { reduced } from '../../src/data/reduced.js';
import { syntheticCifar10 } from '../../src/data/synthetic.js';
import { createEngine } from '../../src/engine/engines.js';
import { UsageError } from '../../src/errors.js';
import { train } from '../../src/training/train.js';

describe('a reduced data set', () => {
  const whole = syntheticCifar10({ seed: 1, train: 25, test: 11 });

  it('has the first images and their labels, rounded down', () => {
    const { train, test } = reduced(whole, 10);
    expect([train.count, test.count]).toEqual([2, 1]);
    expect(train.images).toEqual(whole.train.images.slice(0, 2 * 3072));
    expect(train.labels).toEqual(whole.train.labels.slice(0, 2));
    expect(test.images).toEqual(whole.test.images.slice(0, 3072));
    expect(reduced(whole, 1)).toBe(whole);
  });

  it('is never empty', () => {
    expect(reduced(whole, 11).test.count).toBe(1);
    expect(() => reduced(whole, 12)).toThrow(UsageError);
    expect(() => reduced(whole, 12)).toThrow(/--reduction 12 leaves no image .*give 11 at most/);
  });
});

it('of MNIST, a tenth starts where the reproduction of COMP6248 started', async () => {
  const options = { model: 'logreg', method: 'sgd', alpha0: 0.001, beta: 0, mu: 0.9, weightDecay: 1e-4 } as const;
  const stretches = train({
    ...options,
    ...{ seed: 1, batchSize: 128, epochs: 1, iterations: 0, lossThreshold: 0 },
    dataset: reduced(loadMnist().dataset, 10),
    engine: await createEngine('onnx', { threads: 1, device: 0 }),
  });
  for await (const { rows } of stretches) {
    // Theirs, of PyTorch in float32: `ValidLossEpoch` of row 0 in all of their logreg files.
    expect(Math.abs(rows[0]!.validLossEpoch - 2.32267145)).toBeLessThan(1e-6);
    return;
  }
});
