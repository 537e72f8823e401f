import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { models } from '../../src/models/models.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { permutation } from '../../src/random/torch.js';
import { sampleOrder } from '../../src/training/order.js';
import { datasetOf } from '../images.js';

const images = (count: number) => datasetOf([32, 32, 3], { images: new Uint8Array(), labels: new Uint8Array(), count });

it("is that of CIFAR-10's images in the reference, after vgg16_bn's parameters have been drawn", () => {
  // scripts/vgg_fixture.py drew it, with NumPy.
  const { order } = JSON.parse(readFileSync(new URL('../fixtures/vgg16_bn.json', import.meta.url), 'utf8')) as {
    order: number[][];
  };
  const source = mt19937(1);
  models.vgg.init(source);
  for (const beginning of order) {
    const samples = sampleOrder(source, { ...images(50_000), augmented: true });
    expect([...samples.slice(0, 8)]).toEqual(beginning);
    expect(new Set(samples).size).toBe(50_000);
  }
});

it('spends nothing on workers where images are loaded in line, as those of MNIST are', () => {
  expect(sampleOrder(mt19937(7), images(100))).toEqual(permutation(mt19937(7), 100));
});
