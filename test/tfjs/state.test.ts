import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AdamHD, AdamWHD, SGDHD, type HypergradientOptimizer } from '../../src/index.js';

const cases: [string, () => HypergradientOptimizer][] = [
  ['SGDHD', () => new SGDHD({ lr: 0.01, hypergradLr: 1e-3, momentum: 0.9, dampening: 0.1 })],
  ['AdamHD', () => new AdamHD({ hypergradLr: 1e-5 })],
  ["AdamHD in the paper's order", () => new AdamHD({ hypergradLr: 1e-5, order: 'paper', hypergradOptimizer: 'adam' })],
  ['AdamWHD', () => new AdamWHD({ hypergradLr: 1e-5, hypergradOptimizer: 'momentum' })],
];

beforeAll(() => tf.setBackend('cpu'));

describe.each(cases)('%s of a network whose layers are frozen and thawed', (_, make) => {
  // The first two layers have the same shapes, so that only their names tell them apart.
  const schedule: [frozen: number[], epochs: number][] = [
    [[0], 2],
    [[], 2],
    [[1], 1],
  ];

  it.each([1, 2])('goes on after save and load as if it had not stopped, after %i stages', async (stages) => {
    const whole = network();
    const optimizer = make();
    for (const [frozen, epochs] of schedule.slice(0, stages)) await fit(whole, optimizer, frozen, epochs);
    const artifacts = await saved(whole);
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
    const restored = loaded.optimizer as HypergradientOptimizer;
    for (const [frozen, epochs] of schedule.slice(stages)) {
      await fit(whole, optimizer, frozen, epochs);
      await fit(loaded, restored, frozen, epochs);
    }
    expect(values(loaded)).toEqual(values(whole));
    expect(restored.learningRate).toBe(optimizer.learningRate);
    expect(
      names(await restored.getWeights())
        .map(withoutSuffix)
        .sort(),
    ).toEqual(
      names(await optimizer.getWeights())
        .map(withoutSuffix)
        .sort(),
    );
  });

  it('is saved whole where a layer was not met since it was loaded', async () => {
    const model = network();
    await fit(model, make(), [], 1);
    const once = await tf.loadLayersModel(tf.io.fromMemory(await saved(model)));
    await fit(once, once.optimizer, [0], 1);
    const twice = await tf.loadLayersModel(tf.io.fromMemory(await saved(once)));
    for (const copy of [once, twice]) await fit(copy, copy.optimizer, [], 1);
    expect(values(twice)).toEqual(values(once));
  });
});

describe('restored state belongs to the variable', () => {
  /** α stays, so that a step shows the state of momentum. */
  const make = () => new SGDHD({ lr: 0.1, momentum: 0.5, hypergradLr: 0 });
  let made: tf.Variable[] = [];
  beforeEach(() => {
    tf.dispose(made);
    made = [];
  });
  const variables = (start: Readonly<Record<string, number[]>>) => {
    const group = Object.entries(start).map(([name, x]) => tf.variable(tf.tensor1d(x), true, name));
    made.push(...group);
    return group;
  };
  /** Steps with the gradient 1, 2, … for the variables in turn, in the order in which they are given. */
  const step = (optimizer: HypergradientOptimizer, group: tf.Variable[]) => {
    optimizer.applyGradients(group.map(({ name, shape }, i) => ({ name, tensor: tf.fill(shape, i + 1) })));
  };
  /** State of a and b after steps of theirs, and what a step of b then makes of it. */
  const trained = async (names: [string, string]) => {
    const [a, b] = variables({ [names[0]]: [1, 1], [names[1]]: [2, 2] }) as [tf.Variable, tf.Variable];
    const optimizer = make();
    step(optimizer, [a]);
    step(optimizer, [a, b]);
    const weights = copies(await optimizer.getWeights());
    const before = b.dataSync();
    step(optimizer, [b]);
    // b's buffer was 2, a's 1 + 0.5: they are told apart by what they add to the gradient 1.
    const moved = b.dataSync()[0]! - before[0]!;
    tf.dispose(made);
    made = [];
    return { weights, moved };
  };

  it('of its name', async () => {
    const { weights, moved } = await trained(['first', 'second']);
    const [b] = variables({ second: [0, 0] });
    const restored = make();
    await restored.setWeights(weights);
    step(restored, [b!]);
    expect(b!.dataSync()[0]).toBeCloseTo(moved, 6);
  });

  it('whose name differs in the suffix that tfjs adds', async () => {
    const { weights, moved } = await trained(['first', 'second_3']);
    const [b, a] = variables({ second: [0, 0], first_12: [0, 0] });
    const restored = make();
    await restored.setWeights(weights);
    step(restored, [b!]);
    expect(b!.dataSync()[0]).toBeCloseTo(moved, 6);
    step(restored, [a!, b!]);
    expect(names(await restored.getWeights())).toContain('SGDHD/q/first_12');
  });

  it('in its place where no name agrees', async () => {
    const { weights, moved } = await trained(['first', 'second']);
    const [a, b] = variables({ one: [0, 0], two: [0, 0] });
    const restored = make();
    await restored.setWeights(weights);
    restored.applyGradients([a!, b!].map(({ name }) => ({ name, tensor: tf.tensor1d([1, 1]) })));
    expect(b!.dataSync()[0]).toBeCloseTo(moved, 6);
  });

  it('in its place where there are no names but running numbers, and some of them agree', async () => {
    const { weights, moved } = await trained(['7000', '7001']);
    const [a, b] = variables({ 7001: [0, 0], 7002: [0, 0] });
    const restored = make();
    await restored.setWeights(weights);
    restored.applyGradients([a!, b!].map(({ name }) => ({ name, tensor: tf.tensor1d([1, 1]) })));
    expect(b!.dataSync()[0]).toBeCloseTo(moved, 6);
  });

  it('of its number where all numbers agree', async () => {
    const { weights, moved } = await trained(['7000', '7001']);
    const [b] = variables({ 7001: [0, 0] });
    const restored = make();
    await restored.setWeights(weights);
    step(restored, [b!]);
    expect(b!.dataSync()[0]).toBeCloseTo(moved, 6);
  });

  it('and a variable of a new name beside those of old names begins anew', async () => {
    const { weights, moved } = await trained(['first', 'second']);
    const [b, c] = variables({ second: [0, 0], third: [0, 0] });
    const restored = make();
    await restored.setWeights(weights);
    step(restored, [b!, c!]);
    expect(b!.dataSync()[0]).toBeCloseTo(moved, 6);
    expect(c!.dataSync()[0]).toBeCloseTo(-0.1 * 2, 6);
    expect(names(await restored.getWeights())).toEqual(
      expect.arrayContaining(['SGDHD/q/first', 'SGDHD/q/second', 'SGDHD/q/third']),
    );
  });

  it('or is refused by name where shapes differ, and nothing is lost', async () => {
    const { weights, moved } = await trained(['first', 'second']);
    const restored = make();
    await restored.setWeights(weights);
    const [wide] = variables({ first: [0, 0, 0] });
    expect(() => step(restored, [wide!])).toThrow(
      'SGDHD/inner/momentum/first was restored with shape [2], but its parameter has shape [3] (variable first); ' +
        'restore an optimizer together with the model that it trained.',
    );
    const [b] = variables({ second: [0, 0] });
    step(restored, [b!]);
    expect(b!.dataSync()[0]).toBeCloseTo(moved, 6);
  });

  it('has a name of its own in the file, also beside one that waits for a variable of that name', async () => {
    const { weights } = await trained(['7000', '7002']);
    const restored = make();
    await restored.setWeights(weights);
    step(restored, variables({ 7001: [0, 0] }));
    step(restored, variables({ 7002: [0, 0] }));
    const saved = names(await restored.getWeights());
    expect(new Set(saved).size).toBe(saved.length);
  });

  it('and says what is not state of the class', async () => {
    const { weights } = await trained(['first', 'second']);
    const plain = new SGDHD({ lr: 0.1 });
    await expect(plain.setWeights(weights)).rejects.toThrow(
      `these ${weights.length - 1} weights are not the state of SGDHD with its present options, which has no ` +
        'SGDHD/inner/momentum/first; give the optimizer the options that it was saved with.',
    );
    const damaged = copies(weights).filter(({ name }) => name !== 'SGDHD/scale/second');
    await expect(make().setWeights(damaged)).rejects.toThrow('of which some are missing');
  });
});

function network(): tf.Sequential {
  const layer = (units: number, seed: number, more: object) =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotUniform({ seed }), ...more });
  return tf.sequential({
    layers: [
      layer(6, 1, { inputShape: [6], activation: 'tanh' }),
      layer(6, 2, { activation: 'tanh' }),
      layer(3, 3, { activation: 'softmax' }),
    ],
  });
}

async function fit(model: tf.LayersModel, optimizer: tf.Optimizer, frozen: number[], epochs: number): Promise<void> {
  for (const [i, layer] of model.layers.entries()) layer.trainable = !frozen.includes(i);
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const x = tf.randomNormal([48, 6], 0, 1, 'float32', 1);
  const y = tf.oneHot(tf.range(0, 48, 1, 'int32').mod(3).toInt(), 3);
  await model.fit(x, y, { epochs, batchSize: 16, shuffle: false, verbose: 0 });
}

async function saved(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      saved = artifacts;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
    { includeOptimizer: true },
  );
  return saved!;
}

function values(model: tf.LayersModel) {
  return model.getWeights().map((weight) => weight.arraySync());
}

function names(weights: { name: string }[]): string[] {
  return weights.map(({ name }) => name);
}

function withoutSuffix(name: string): string {
  return name.replace(/_\d+$/, '');
}

function copies(weights: { name: string; tensor: tf.Tensor }[]) {
  return weights.map(({ name, tensor }) => ({ name, tensor: tensor.clone() }));
}
