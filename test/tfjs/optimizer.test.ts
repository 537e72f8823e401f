import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  AdamHD,
  adamHD,
  AdamWHD,
  adamWHD,
  dog,
  DoG,
  elementRates,
  ElementSGDHD,
  hdm,
  HDM,
  hypergradientDescent,
  hypergradOptimizers,
  prodigy,
  Prodigy,
  scheduleFreeAdamW,
  ScheduleFreeAdamW,
  scheduleFreeSGD,
  ScheduleFreeSGD,
  SGDHD,
  sgdHD,
  SGDTower,
  steepest,
  tunableAdamDirection,
  TunedAdamHD,
  TunedSGDHD,
  type HypergradientOptimizer,
  type NamedTensors,
  type RuleOptimizer,
  type UpdateRule,
} from '../../src/index.js';
import { sgdTower } from '../../src/optimizers/tower.js';

type Case = readonly [name: string, make: () => HypergradientOptimizer, rule: UpdateRule];

const cases: Case[] = [
  ['SGDHD', () => new SGDHD({ lr: 0.01, hypergradLr: 1e-3 }), sgdHD({ alpha0: 0.01, beta: 1e-3 })],
  [
    'SGDHD with momentum, dampening and weight decay',
    () => new SGDHD({ lr: 0, hypergradLr: 1e-3, momentum: 0.9, dampening: 0.1, weightDecay: 0.01 }),
    sgdHD({ alpha0: 0, beta: 1e-3, mu: 0.9, dampening: 0.1, weightDecay: 0.01 }),
  ],
  ['AdamHD', () => new AdamHD({ hypergradLr: 1e-5 }), adamHD({ alpha0: 1e-3, beta: 1e-5 })],
  [
    "AdamHD in the paper's order with every safeguard",
    () =>
      new AdamHD({
        lr: 0.02,
        betas: [0.8, 0.99],
        eps: 1e-6,
        order: 'paper',
        hypergradLr: 0.01,
        multiplicative: true,
        hypergradClip: 0.5,
        lowerBound: 0.015,
        hypergradOptimizer: 'adam',
      }),
    adamHD({
      alpha0: 0.02,
      betas: [0.8, 0.99],
      eps: 1e-6,
      order: 'paper',
      separate: true,
      beta: 0.01,
      multiplicative: true,
      clip: 0.5,
      lowerBound: 0.015,
      hypergradOptimizer: hypergradOptimizers.adam,
    }),
  ],
  [
    'AdamWHD whose α has momentum',
    () => new AdamWHD({ hypergradLr: 1e-5, hypergradOptimizer: 'momentum' }),
    adamWHD({ alpha0: 1e-3, beta: 1e-5, hypergradOptimizer: hypergradOptimizers.momentum }),
  ],
  ['HDM', () => new HDM({ weightDecay: 0.01 }), hdm({ beta: 0.1, weightDecay: 0.01 })],
  [
    'TunedSGDHD',
    () => new TunedSGDHD({ hypergradLr: 1e-4 }),
    sgdHD({ alpha0: 1e-3, beta: 1e-4, mu: 0.9, separate: true, tune: { mu: { beta: 1e-4, lowerBound: 0 } } }),
  ],
  [
    'TunedAdamHD',
    () => new TunedAdamHD({ hypergradLr: 1e-4, decayLr: 1e-3 }),
    hypergradientDescent(tunableAdamDirection({}), {
      ...{ alpha0: 1e-3, beta: 1e-4, separate: true, tune: { beta1: { beta: 1e-3 }, beta2: { beta: 1e-3 } } },
    }),
  ],
  [
    'SGDTower',
    () => new SGDTower({ hypergradLr: 1e-4, hypergradLrLr: 1e-6 }),
    sgdTower({ alpha0: 1e-3, beta: 1e-4, betaLr: 1e-6, separate: true }),
  ],
  ['ElementSGDHD', () => new ElementSGDHD({ hypergradLr: 1e-4 }), elementRates(steepest, { alpha0: 1e-3, beta: 1e-4 })],
  ['Prodigy', () => new Prodigy({ weightDecay: 0.1, d0: 1e-3 }), prodigy({ weightDecay: 0.1, d0: 1e-3 })],
  ['DoG', () => new DoG({ repsRel: 1e-2 }), dog({ repsRel: 1e-2 })],
  [
    'ScheduleFreeSGD',
    () => new ScheduleFreeSGD({ lr: 0.1, warmupSteps: 100 }),
    scheduleFreeSGD({ alpha0: 0.1, warmupSteps: 100 }),
  ],
  [
    'ScheduleFreeAdamW',
    () => new ScheduleFreeAdamW({ lr: 0.1, warmupSteps: 100, weightDecay: 0.1 }),
    scheduleFreeAdamW({ alpha0: 0.1, warmupSteps: 100, weightDecay: 0.1 }),
  ],
];

/** tfjs has `instanceof` look at methods alone. */
const isOther = (optimizer: object): optimizer is RuleOptimizer => 'learned' in optimizer;

beforeAll(() => tf.setBackend('cpu'));

describe.each(cases)('%s', (_, make, rule) => {
  it('agrees bit for bit with the update rule', () => {
    const start = { a: tf.tensor2d([[1, -2, 3]]), b: tf.scalar(0.5) };
    const variables = Object.values(start).map((tensor) => tf.variable(tensor));
    const optimizer = make();
    for (let i = 0; i < 20; i++) optimizer.minimize(() => loss(variables[0]!, variables[1]!), false, variables);

    const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor) => loss(a, b));
    let parameters: NamedTensors = start;
    let state = rule.init(parameters);
    for (let i = 0; i < 20; i++) {
      const [a, b] = gradients(Object.values(parameters)) as [tf.Tensor, tf.Tensor];
      ({ parameters, state } = rule.update({ a, b }, state, parameters));
    }
    expect(variables.map((variable) => variable.arraySync())).toEqual(
      Object.values(parameters).map((tensor) => tensor.arraySync()),
    );
    if (isOther(optimizer)) {
      const expected = Object.values(rule.learned?.(state) ?? {}).map((value) => value.dataSync()[0]!);
      expect(Object.values(optimizer.learned)).toEqual(expected);
    }
    const { high, low } = rule.drift!(state);
    expect(optimizer.learningRate).toBe(rule.alpha0 + (high.dataSync()[0]! + low.dataSync()[0]!));
    expect(optimizer.learningRate).not.toBe(rule.alpha0);
  });

  it('goes on after save and load as if it had not stopped', async () => {
    const [x, y] = digits();
    const fit = (model: tf.LayersModel) => model.fit(x, y, { epochs: 3, batchSize: 16, shuffle: false });

    const whole = network();
    const optimizer = make();
    whole.compile({ optimizer, loss: 'categoricalCrossentropy' });
    await fit(whole);
    let saved: tf.io.ModelArtifacts | undefined;
    await whole.save(
      tf.io.withSaveHandler((artifacts) => {
        saved = artifacts;
        return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
      }),
      { includeOptimizer: true },
    );
    const learned = isOther(optimizer) ? optimizer.learned : {};
    await fit(whole);

    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
    const restored = loaded.optimizer as HypergradientOptimizer;
    expect(restored.getClassName()).toBe(optimizer.getClassName());
    expect(restored.getConfig()).toEqual(optimizer.getConfig());
    expect(restored.iterations).toBe(12);
    // What belongs to the elements of a variable waits for it.
    if (optimizer.getClassName() !== 'ElementSGDHD') {
      expect(restored.learningRate).not.toBe(rule.alpha0);
      if (isOther(restored)) expect(restored.learned).toEqual(learned);
    }
    await fit(loaded);

    expect(loaded.getWeights().map((weight) => weight.arraySync())).toEqual(
      whole.getWeights().map((weight) => weight.arraySync()),
    );
    expect(restored.learningRate).toBe(optimizer.learningRate);
    if (isOther(restored) && isOther(optimizer)) {
      expect(Object.values(restored.learned)).toEqual(Object.values(optimizer.learned));
    }
    expect(restored.iterations).toBe(24);
    const names = [...(await restored.getWeights()), ...loaded.weights].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('holds the same number of tensors over 200 steps, and none after dispose', () => {
    const before = tf.memory().numTensors;
    const optimizer = make();
    const [a, b] = tf.tidy(() => [tf.variable(tf.tensor2d([[1, -2, 3]])), tf.variable(tf.scalar(0.5))] as const);
    const counts = Array.from({ length: 200 }, () => {
      optimizer.minimize(() => loss(a, b), false, [a, b]);
      void optimizer.learningRate;
      if (isOther(optimizer)) void optimizer.learned;
      return tf.memory().numTensors;
    });
    expect(new Set(counts).size).toBe(1);
    optimizer.dispose();
    tf.dispose([a, b]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is what fromConfig makes of its configuration', () => {
    const optimizer = make();
    const cls = optimizer.constructor as tf.serialization.SerializableConstructor<HypergradientOptimizer> &
      typeof HypergradientOptimizer;
    const copy = cls.fromConfig(cls, JSON.parse(JSON.stringify(optimizer.getConfig())) as tf.serialization.ConfigDict);
    expect(copy.getConfig()).toEqual(optimizer.getConfig());
    expect(copy.learningRate).toBe(optimizer.learningRate);
  });
});

describe('evaluated', () => {
  const make = () => new ScheduleFreeSGD({ lr: 0.1 });
  const step = (optimizer: RuleOptimizer, x: tf.Variable) =>
    optimizer.minimize(() => x.square().sum().asScalar(), false, [x]);

  it('has the model at the average within, and at what is trained after it', async () => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    const optimizer = make();
    expect(await optimizer.evaluated(() => [...x.dataSync()])).toEqual([1, 2]);
    for (let i = 0; i < 3; i++) step(optimizer, x);
    const [trained, tensors] = [[...x.dataSync()], tf.memory().numTensors];
    const average = await optimizer.evaluated(async () => [...(await x.data())]);
    // c is 1, 1/2, 1/3 in turn: of z = 0.8, y = 0.8; z = 0.64, y = 0.9·0.72 + 0.1·0.64 = 0.712; z = 0.4976, as the equations have it.
    expect(average[0]).toBeCloseTo((2 / 3) * 0.72 + 0.4976 / 3, 6);
    expect([...x.dataSync()]).toEqual(trained);
    expect(average).not.toEqual(trained);
    await expect(optimizer.evaluated(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(tf.memory().numTensors).toBe(tensors);
    await expect(optimizer.evaluated(() => step(optimizer, x))).rejects.toThrow('train it outside of that');
    expect([...x.dataSync()]).toEqual(trained);

    const loaded = make();
    await loaded.setWeights(await optimizer.getWeights());
    expect(await loaded.evaluated(() => [...x.dataSync()], [x])).toEqual(average);
  });

  it('is of no use to a rule that wants none', async () => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    const optimizer = new HDM();
    step(optimizer, x);
    expect(await optimizer.evaluated(() => x.dataSync()[0])).toBe(x.dataSync()[0]);
  });

  it('a rate that is found cannot be set', () => {
    expect(() => (new DoG().learningRate = 1)).toThrow('DoG finds its learning rate; it cannot be set.');
    const optimizer = new HDM();
    optimizer.learningRate = 0.5;
    expect(optimizer.learningRate).toBe(0.5);
  });

  it.each([
    () => new HDM({ lr: 0.1 }),
    () => new Prodigy(),
    () => new DoG(),
    make,
    () => new ScheduleFreeAdamW(),
    () => new ElementSGDHD({ lr: 0.1 }),
    () => new TunedSGDHD({ lr: 0.1 }),
  ])('leaves what has no gradient as it is, and takes it up later: %#', (make) => {
    const [x, y] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(2))];
    const optimizer = make();
    const at = () => [x, y].map((variable) => variable.dataSync()[0]);
    optimizer.applyGradients([]);
    optimizer.minimize(() => x.square().asScalar(), false, [x, y]);
    const [first] = at();
    expect(first).not.toBe(1);
    expect(at()[1]).toBe(2);
    for (let i = 0; i < 3; i++) optimizer.minimize(() => y.square().asScalar(), false, [x, y]);
    expect(at()[0]).toBe(first);
    expect(at()[1]).toBeLessThan(2);
    optimizer.minimize(() => x.add(y).square().asScalar(), false, [x, y]);
    expect(at().every((value) => Number.isFinite(value))).toBe(true);
  });
});

describe('applyGradients', () => {
  it('takes a map as well as an array', () => {
    const values = [[], {}].map((kind) => {
      const x = tf.variable(tf.tensor1d([1, 2]));
      const gradient = tf.tensor1d([0.5, -1]);
      const optimizer = new SGDHD({ lr: 0.1 });
      optimizer.applyGradients(Array.isArray(kind) ? [{ name: x.name, tensor: gradient }] : { [x.name]: gradient });
      expect(optimizer.iterations).toBe(1);
      return [...x.dataSync()];
    });
    expect(values[0]).toEqual([0.95, 2.1].map(Math.fround));
    expect(values[1]).toEqual(values[0]);
  });

  it('leaves a variable that has no gradient as it is, and takes it up later', () => {
    const [x, y] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(2))];
    const optimizer = new AdamHD({ lr: 0.125 });
    optimizer.minimize(() => x.square().asScalar(), false, [x, y]);
    expect([x, y].map((variable) => variable.dataSync()[0])).toEqual([0.875, 2]);
    optimizer.minimize(() => y.square().asScalar(), false, [x, y]);
    expect(x.dataSync()[0]).toBe(0.875);
    // Adam's first step has u = 1, but for ε. So it has for y, whose first it is.
    expect(y.dataSync()[0]).toBeCloseTo(2 - 0.125, 6);
  });

  it('moves nothing where there is no gradient at all, but counts the step', () => {
    const x = tf.variable(tf.scalar(1));
    const optimizer = new AdamHD({ order: 'paper' });
    optimizer.applyGradients([{ name: x.name, tensor: null as never }]);
    optimizer.applyGradients([]);
    expect(optimizer.iterations).toBe(2);
    expect(x.dataSync()[0]).toBe(1);
    expect(optimizer.learningRate).toBe(1e-3);
  });

  it('says where restored state and parameters differ in shape', async () => {
    const saved = new SGDHD({ lr: 0.1 });
    saved.applyGradients({ [tf.variable(tf.zeros([2]), true, 'theirs').name]: tf.ones([2]) });
    const optimizer = new SGDHD({ lr: 0.1 });
    await optimizer.setWeights(await saved.getWeights());
    const x = tf.variable(tf.zeros([3]));
    expect(() => optimizer.applyGradients({ [x.name]: tf.ones([3]) })).toThrow(
      'SGDHD/q/theirs was restored with shape [2], but its parameter has shape [3]',
    );
  });

  it('refuses the state of another optimizer', async () => {
    const saved = new SGDHD({ lr: 0.1 });
    const x = tf.variable(tf.scalar(1));
    saved.minimize(() => x.square().asScalar(), false, [x]);
    const weights = await saved.getWeights();
    await expect(new AdamHD().setWeights(weights)).rejects.toThrow('not the state of AdamHD with its present options');
    await expect(new SGDHD({ lr: 0.1, momentum: 0.9 }).setWeights(weights)).rejects.toThrow('not the state of SGDHD');
  });
});

describe('learningRate', () => {
  // 48 bits of the distance from α₀.
  const digits = (value: number, alpha0: number) => 2 ** -48 * Math.abs(value - alpha0);

  it.each([0, 0.01, 1, 1e-3 + 1e-11])('can be set, to %d', async (value) => {
    const x = tf.variable(tf.scalar(1));
    const make = () => new AdamHD({ lr: 1e-3, hypergradLr: 0.01 });
    const optimizer = make();
    optimizer.learningRate = value; // before the first step
    expect(Math.abs(optimizer.learningRate - value)).toBeLessThanOrEqual(digits(value, 1e-3));
    const early = make();
    await early.setWeights(await optimizer.getWeights());
    expect(early.learningRate).toBe(optimizer.learningRate);

    const gradient = (g: number) => [{ name: x.name, tensor: tf.scalar(g) }];
    optimizer.applyGradients(gradient(1));
    // Adam's first direction is 1, but for ε = 1e-8; float32 gives 6e-8.
    expect(x.dataSync()[0]).toBeCloseTo(1 - value, 6);
    optimizer.applyGradients(gradient(0.5));
    expect(optimizer.learningRate).toBeCloseTo(value + 0.01 * 0.5, 8);
    optimizer.learningRate = value;
    const late = make();
    await late.setWeights(await optimizer.getWeights());
    expect(late.learningRate).toBe(optimizer.learningRate);
    expect(Math.abs(late.learningRate - value)).toBeLessThanOrEqual(digits(value, 1e-3));
  });

  it('goes on from there as an optimizer does that began there', () => {
    const alphas = [0.01, 0.05].map((lr) => {
      const x = tf.variable(tf.tensor1d([1, 2]));
      const optimizer = new SGDHD({ lr, hypergradLr: 1e-3, lowerBound: 0 });
      optimizer.learningRate = 0.05;
      for (let i = 0; i < 10; i++) optimizer.minimize(() => x.square().sum(), false, [x]);
      return optimizer.learningRate;
    });
    // float32 gives 6e-8 in each of the ten steps.
    expect(Math.abs(alphas[0]! / alphas[1]! - 1)).toBeLessThan(1e-6);
    expect(alphas[1]).toBeGreaterThan(0.06);
  });

  it('is refused where the optimizer could not have come to it', () => {
    const set = (options: object, value: unknown) => () => {
      new AdamHD(options).learningRate = value as number;
    };
    expect(set({}, NaN)).toThrow('AdamHD: learningRate must be a finite number; got NaN.');
    expect(set({}, '0.1')).toThrow("AdamHD: learningRate must be a finite number; got the string '0.1'.");
    expect(set({ lowerBound: 1e-4 }, 1e-5)).toThrow(
      'AdamHD: learningRate must not be below lowerBound, 0.0001; got 0.00001.',
    );
    expect(set({ multiplicative: true }, 0)).toThrow(
      'AdamHD: learningRate must not be 0, which the multiplicative rule cannot leave; got 0.',
    );
    expect(set({ lowerBound: 1e-4 }, 1e-4)).not.toThrow();
  });

  it('that was set to the lower bound is not below it', () => {
    const optimizer = new AdamHD({ lr: 0.3, lowerBound: 0.1 });
    optimizer.learningRate = 0.1;
    expect(optimizer.learningRate).toBeGreaterThanOrEqual(0.1);
  });

  it('keeps its digits over steps that leave it alone', () => {
    const optimizer = new SGDHD({ lr: 1e-3, hypergradLr: 0 });
    optimizer.learningRate = 1e-3 + 1e-11;
    const x = tf.variable(tf.scalar(1));
    for (let i = 0; i < 3; i++) optimizer.minimize(() => x.square().asScalar(), false, [x]);
    expect(Math.abs(optimizer.learningRate - (1e-3 + 1e-11))).toBeLessThan(1e-11 * 1e-6);
  });
});

function loss(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  return tf.add(tf.sum(tf.square(tf.sub(a, b))), tf.square(b));
}

function network(): tf.Sequential {
  const layer = (units: number, more: object) =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotUniform({ seed: units }), ...more });
  return tf.sequential({
    layers: [layer(5, { inputShape: [8], activation: 'relu' }), layer(3, { activation: 'softmax' })],
  });
}

function digits(): [tf.Tensor, tf.Tensor] {
  return [tf.randomNormal([64, 8], 0, 1, 'float32', 1), tf.oneHot(tf.range(0, 64, 1, 'int32').mod(3).toInt(), 3)];
}
