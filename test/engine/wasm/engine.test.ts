import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/engines.js';
import { program } from '../../../src/engine/program.js';
import { updateRule } from '../../../src/methods/rule.js';
import type { Values } from '../../../src/models/model.js';
import { models } from '../../../src/models/models.js';
import { mt19937 } from '../../../src/random/mt19937.js';
import { datasetOf, randomImages } from '../../images.js';
import { narrowMlp, narrowVgg, randomDataset, trained, worst } from '../trained.js';

const dataset = datasetOf([28, 28], randomImages(600, [28, 28], 3), randomImages(50, [28, 28], 4));
const rows = Int32Array.from({ length: 2000 }, (_, i) => (i * 7) % 600);

async function start(threads: number, state?: Readonly<Record<string, Values>>) {
  const engine = await createEngine('wasm', { threads, device: 0 });
  return engine.start(
    program({
      ...{ dataset, model: models.logreg, variables: models.logreg.init(mt19937(1)), batchSizes: [100, 1] },
      rule: updateRule('adam_hd', { alpha0: 0.01, beta: 1e-5, mu: 0.9, weightDecay: 1e-3 }),
    }),
    { state },
  );
}

describe('two threads', () => {
  it('compute what one does, to the last bit, and go on from its state', async () => {
    const [one, two] = [await start(1), await start(2)];
    // The second thread takes part from the first call on after it has started.
    await setTimeout(200);
    const batches = { rows, batchSize: 100 };
    expect(await two.train(batches)).toEqual(await one.train(batches));
    expect(await two.evaluate('test', rows.subarray(0, 7))).toEqual(await one.evaluate('test', rows.subarray(0, 7)));
    const single = { rows: rows.subarray(0, 3), batchSize: 1 };
    expect(await two.train(single)).toEqual(await one.train(single));
    expect(await two.state()).toEqual(await one.state());
    const later = await start(1, await two.state());
    expect(await later.train(batches)).toEqual(await two.train(batches));
    for (const runner of [one, two, later]) await runner.dispose();
  });

  it('hold up no process that has done without them', async () => {
    const script = `
      import { createEngine } from '${new URL('../../../dist/engine/engines.js', import.meta.url).href}';
      import { program } from '${new URL('../../../dist/engine/program.js', import.meta.url).href}';
      import { updateRule } from '${new URL('../../../dist/methods/rule.js', import.meta.url).href}';
      import { models } from '${new URL('../../../dist/models/models.js', import.meta.url).href}';
      import { mt19937 } from '${new URL('../../../dist/random/mt19937.js', import.meta.url).href}';
      const set = { images: new Uint8Array(784 * 8), labels: new Uint8Array(8), count: 8 };
      const { logreg } = models;
      const runner = await (await createEngine('wasm', { threads: 2, device: 0 })).start(program({
        dataset: { name: 'x', imageShape: [28, 28], classes: 10, mean: [0], std: [1], augmented: false, train: set, test: set },
        model: logreg, variables: logreg.init(mt19937(1)), batchSizes: [8], rule: updateRule('sgd', { alpha0: 0.1 }),
      }));
      await new Promise((resolve) => setTimeout(resolve, 200));
      const { loss } = await runner.train({ rows: Int32Array.from({ length: 80 }, (_, i) => i % 8), batchSize: 8 });
      console.log(loss.length);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 10_000,
    });
    expect(stdout).toBe('10\n');
  });
});

it('trains on images that come with the call, as on those of the set', async () => {
  const [apart, along] = [await start(1), await start(1)];
  const own = rows.subarray(0, 200);
  const pixels = new Uint8Array(200 * 784);
  own.forEach((row, i) => pixels.set(dataset.train.images.subarray(row * 784, (row + 1) * 784), i * 784));
  const expected = await apart.train({ rows: own, batchSize: 100 });
  expect(await along.train({ rows: own, batchSize: 100, images: pixels })).toEqual(expected);
  await apart.dispose();
  await along.dispose();
});

it('normalises each channel of colours by itself', async () => {
  const colours = { ...randomDataset([3, 4, 3]), mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7] };
  const start = async (name: 'wasm' | 'cpu') =>
    (await createEngine(name, { threads: 1, device: 0 })).start(
      program({
        ...{ dataset: colours, model: narrowMlp, variables: narrowMlp.init(mt19937(1)), batchSizes: [16] },
        rule: updateRule('sgd', { alpha0: 0.1, beta: 0, mu: 0, weightDecay: 0 }),
      }),
    );
  const [wasm, cpu] = [await start('wasm'), await start('cpu')];
  const batches = { rows: rows.subarray(0, 32).map((row) => row % 300), batchSize: 16 };
  const [seen, expected] = [await wasm.train(batches), await cpu.train(batches)];
  expect(worst(seen.loss, expected.loss)).toBeLessThan(1e-6);
  await wasm.dispose();
});

it('says that it is not for convolutions and dropout', async () => {
  await expect(trained('wasm', narrowVgg, 'sgd')).rejects.toThrow(
    'the engine wasm does not know dropout, which the model needs. --engine onnx computes any model.',
  );
});
