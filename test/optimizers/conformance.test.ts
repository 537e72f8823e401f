import { dispose, setBackend, tensor1d, tidy } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  adam,
  adamHD,
  adamW,
  adamWHD,
  dog,
  elementRates,
  grouped,
  hdm,
  hypergradientDescent,
  prodigy,
  rated,
  scheduleFreeAdamW,
  scheduleFreeSGD,
  sgd,
  sgdHD,
  steepest,
  tunableAdamDirection,
  type NamedTensors,
  type UpdateRule,
} from '../../src/index.js';

interface Valley {
  readonly start: readonly number[];
  readonly gradient: (x: readonly number[]) => number[];
  readonly minimum: readonly number[];
  readonly steps: number;
}

const parabola: Valley = {
  start: [-1, 10, 1],
  gradient: (x) => x.map((value, i) => 2 * (value - parabola.minimum[i]!)),
  minimum: [1, -1, 0.5],
  steps: 2000,
};

/** f = (1 − x)² + 10·(y − x²)²: Rosenbrock's valley, as deep as ten. */
const rosenbrock: Valley = {
  start: [0, 0],
  gradient: ([x = 0, y = 0]) => [-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)],
  minimum: [1, 1],
  steps: 4000,
};

/** Each rule with options that suit the parabola, and the valley. */
const rules: [name: string, parabola: UpdateRule, rosenbrock: UpdateRule][] = [
  ['sgd', sgd({ alpha0: 0.1 }), sgd({ alpha0: 0.01 })],
  ['sgd, Nesterov', sgd({ alpha0: 0.02, mu: 0.9, nesterov: true }), sgd({ alpha0: 2e-3, mu: 0.9, nesterov: true })],
  ['sgdHD', sgdHD({ alpha0: 0, beta: 1e-4 }), sgdHD({ alpha0: 1e-3, beta: 1e-6 })],
  ['adam', adam({ alpha0: 0.05 }), adam({ alpha0: 0.01 })],
  [
    'adamHD',
    adamHD({ alpha0: 0.01, beta: 1e-4, lowerBound: 0 }),
    adamHD({ alpha0: 0.01, beta: 1e-5, lowerBound: 1e-3 }),
  ],
  ['adamW', adamW({ alpha0: 0.05, weightDecay: 1e-4 }), adamW({ alpha0: 0.01, weightDecay: 1e-4 })],
  [
    'adamWHD',
    adamWHD({ alpha0: 0.01, beta: 1e-4, weightDecay: 1e-4, lowerBound: 0 }),
    adamWHD({ alpha0: 0.01, beta: 1e-5, weightDecay: 1e-4, lowerBound: 1e-3 }),
  ],
  [
    'sgdHD in a tower',
    sgdHD({ alpha0: 0.01, beta: 1, hypergradOptimizer: rated(steepest, { alpha0: 1e-5, beta: 1e-12 }) }),
    sgdHD({ alpha0: 2e-3, beta: 1, hypergradOptimizer: rated(steepest, { alpha0: 1e-7, beta: 1e-14 }) }),
  ],
  [
    'sgdHD that learns its momentum',
    sgdHD({ alpha0: 0.01, beta: 1e-6, mu: 0.5, tune: { mu: { beta: 1e-3, lowerBound: 0 } } }),
    sgdHD({ alpha0: 2e-3, beta: 1e-8, mu: 0.5, tune: { mu: { beta: 1e-4, lowerBound: 0 } } }),
  ],
  ['adamHD that learns its decays', tunedAdam(1e-4), tunedAdam(1e-5)],
  [
    'a rate for each tensor',
    grouped(adamHD({ alpha0: 0.01, beta: 1e-4, lowerBound: 0 })),
    grouped(adamHD({ alpha0: 0.01, beta: 1e-5, lowerBound: 1e-3 })),
  ],
  [
    'a rate for each element',
    elementRates(steepest, { alpha0: 0, beta: 1e-4 }),
    elementRates(steepest, { alpha0: 2e-3, beta: 1e-6, lowerBound: 0 }),
  ],
  ['prodigy', prodigy(), prodigy({ biasCorrection: true, dCoef: 0.2 })],
  ['dog', dog(), dog({ repsRel: 1e-3 })],
  ['L-DoG', grouped(dog()), grouped(dog({ repsRel: 1e-3 }))],
  ['scheduleFreeSGD', scheduleFreeSGD({ alpha0: 0.3 }), scheduleFreeSGD({ alpha0: 0.03 })],
  ['scheduleFreeAdamW', scheduleFreeAdamW({ alpha0: 0.3 }), scheduleFreeAdamW({ alpha0: 0.1 })],
  ['hdm', hdm({ beta: 0.1 }), hdm({ beta: 1e-3 })],
];

function tunedAdam(beta: number): UpdateRule {
  const tune = { beta1: { beta: 1e-3 }, beta2: { beta: 1e-3 } };
  return hypergradientDescent(tunableAdamDirection({}), { alpha0: 0.01, beta, lowerBound: 1e-3, tune });
}

beforeAll(() => setBackend('cpu'));

describe.each(rules)('%s finds the minimum', (_, onParabola, onRosenbrock) => {
  it('of a parabola', () => expect(distance(onParabola, parabola)).toBeLessThan(0.01));
  it("of Rosenbrock's valley", () => expect(distance(onRosenbrock, rosenbrock)).toBeLessThan(0.05));
});

/** How far from the minimum a rule ends. */
function distance(rule: UpdateRule, { start, gradient, minimum, steps }: Valley): number {
  let parameters: NamedTensors = { x: tensor1d([...start]) };
  let state = rule.init(parameters);
  for (let i = 0; i < steps; i++) {
    const last = [parameters, state];
    const g = gradient([...parameters.x!.dataSync()]);
    ({ parameters, state } = tidy(() => rule.update({ x: tensor1d(g) }, state, parameters)));
    dispose(last);
  }
  const end = [...(rule.evaluated?.(state, parameters) ?? parameters).x!.dataSync()];
  dispose([parameters, state]);
  return Math.max(...end.map((value, i) => Math.abs(value - minimum[i]!)));
}
