import { setBackend, tensor1d, tidy, scalar } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  adamDirection,
  hypergradientDescent,
  momentum,
  rated,
  sgdHD,
  steepest,
  tunableAdamDirection,
  type Direction,
  type NamedTensors,
} from '../../src/index.js';
import { follow, type Values } from './rules.js';

const start: Values = [[1, -2, 0.5], [0.25]];
const gradients: Values[] = [
  [[0.5, 1, -2], [1]],
  [[0.25, 1.5, -1], [-0.5]],
  [[1, -0.5, -1.5], [2]],
  [[0.75, 1, 0.5], [1.5]],
  [[-0.5, 2, -1], [0.5]],
];

beforeAll(() => setBackend('cpu'));

describe('a tower', () => {
  const [alpha0, kappa] = [0.01, 1e-3];

  it('of one level is SGD-HD, bit for bit', () => {
    const tower = sgdHD({ alpha0, beta: 1, hypergradOptimizer: rated(steepest, { alpha0: kappa, beta: 0 }) });
    expect(follow(tower, start, gradients)).toEqual(follow(sgdHD({ alpha0, beta: kappa }), start, gradients));
  });

  it('whose top learns nothing is the one below it, bit for bit', () => {
    const two = rated(steepest, { alpha0: kappa, beta: 1e-5 });
    const three = rated(steepest, {
      alpha0: kappa,
      beta: 1,
      hypergradOptimizer: rated(steepest, { alpha0: 1e-5, beta: 0 }),
    });
    const [lower, upper] = [two, three].map((hypergradOptimizer) =>
      follow(sgdHD({ alpha0, beta: 1, hypergradOptimizer }), start, gradients),
    );
    expect(upper).toEqual(lower);
    expect(upper).not.toEqual(follow(sgdHD({ alpha0, beta: kappa }), start, gradients));
  });
});

const directions: [string, Direction][] = [
  ['momentum', momentum({ mu: 0.8 })],
  ['momentum with dampening', momentum({ mu: 0.8, dampening: 0.3 })],
  ['Nesterov momentum', momentum({ mu: 0.8, nesterov: true })],
  ['Adam', tunableAdamDirection({ betas: [0.8, 0.95], eps: 1e-4 })],
];

describe.each(directions)('%s', (_, direction) => {
  it('has the derivatives that differences have', () => {
    tidy(() => {
      const named = (values: Values): NamedTensors => ({ a: tensor1d([...values[0]!]), b: tensor1d([...values[1]!]) });
      const parameters = named(start);
      const values = Object.fromEntries(Object.entries(direction.hyper!).map(([name, { start }]) => [name, start]));
      const next = (state: ReturnType<Direction['init']>, g: Values, hyper: Record<string, number>) =>
        direction.next(
          named(g),
          state,
          parameters,
          Object.fromEntries(Object.entries(hyper).map(([name, value]) => [name, scalar(value)])),
        );
      let state = direction.init(parameters);
      for (const g of gradients) {
        for (const [name, value] of Object.entries(values)) {
          const [lower, upper] = [-1, 1].map((sign) =>
            numbers(next(state, g, { ...values, [name]: value + sign * delta }).q),
          );
          const derivative = numbers(next(state, g, values).derivatives![name]!);
          const scale = Math.max(...derivative.map(Math.abs), 1);
          // Central differences are good to δ², and float32 gives 6e-8/δ in them.
          for (const [i, slope] of derivative.entries()) {
            expect(Math.abs((upper![i]! - lower![i]!) / (2 * delta) - slope)).toBeLessThan(2e-3 * scale);
          }
        }
        ({ state } = next(state, g, values));
      }
    });
  });

  it('with tuning at the rate 0 is the same without', () => {
    const options = { alpha0: 0.01, beta: 1e-4, weightDecay: 0.01 };
    const tune = Object.fromEntries(Object.keys(direction.hyper!).map((name) => [name, { beta: 0 }]));
    const [plain, tuned] = [{}, { tune }].map((more) => {
      const { alpha, theta } = follow(hypergradientDescent(direction, { ...options, ...more }), start, gradients);
      return { alpha, theta };
    });
    expect(tuned).toEqual(plain);
  });
});

const delta = 0.01;

it('a hyper-parameter that the direction has not is refused', () => {
  const rule = () =>
    hypergradientDescent(adamDirection({}), { alpha0: 0.01, beta: 0, tune: { beta1: { beta: 1e-3 } } });
  expect(rule).toThrow('the direction has no hyper-parameter beta1 to learn; it has none.');
  expect(() => sgdHD({ alpha0: 0.01, beta: 0, mu: 0.9, tune: { nu: { beta: 1 } } })).toThrow('to learn; it has mu.');
});

it('keeps a decay between 0 and 1, however fast it learns', () => {
  const rule = hypergradientDescent(tunableAdamDirection({}), { alpha0: 0.1, beta: 0, tune: { beta1: { beta: 100 } } });
  const { learned } = follow(rule, start, [...gradients, ...gradients]);
  for (const beta of learned.beta1!) {
    expect(beta).toBeGreaterThanOrEqual(0);
    expect(beta).toBeLessThanOrEqual(1);
  }
  expect(Math.max(...learned.beta1!.map((beta) => Math.abs(beta - 0.9)))).toBeGreaterThan(0.05);
});

function numbers(tensors: NamedTensors): number[] {
  return Object.values(tensors).flatMap((tensor) => [...tensor.dataSync()]);
}
