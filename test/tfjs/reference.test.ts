import { dispose, setBackend, tensor1d, variable } from '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  AdamHD,
  AdamWHD,
  DoG,
  HDM,
  Prodigy,
  ScheduleFreeAdamW,
  ScheduleFreeSGD,
  SGDHD,
  SGDTower,
  TunedAdamHD,
  TunedSGDHD,
  type HypergradientOptimizer,
} from '../../src/index.js';

/** `scripts/reference_optimizers.py` made it, in float64. */
interface Fixture {
  /** Elements of each parameter tensor. */
  readonly sizes: readonly number[];
  /** Steps, from 1, whose parameters are given. */
  readonly kept: readonly number[];
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  /** Of the steps of a partial case: whether each tensor has a gradient. */
  readonly present: readonly (readonly boolean[])[];
  readonly cases: readonly {
    readonly class: keyof typeof classes;
    readonly options: object;
    /** Tensors are frozen on some steps, and join late. */
    readonly partial?: boolean;
    readonly alpha: readonly number[];
    readonly parameters: readonly (readonly number[])[];
  }[];
}

const classes = { SGDHD, AdamHD, AdamWHD };
const fixture = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8')) as Fixture;

beforeAll(() => setBackend('cpu'));

describe('a hundred random steps agree with the float64 reference to 1e-6', () => {
  it.each(
    fixture.cases.map((each) => {
      return [each.partial ? 'partial' : 'whole', each.class, JSON.stringify(each.options), each] as const;
    }),
  )('%s: %s %s', (_, name, __, { options, partial, alpha, parameters }) => {
    const optimizer: HypergradientOptimizer = new classes[name](options as never);
    const theta = split(fixture.start).map((values) => variable(tensor1d(values)));
    const figures = { alpha: [] as number[], parameters: [] as number[][] };
    for (const [i, values] of fixture.gradients.entries()) {
      const gradients = split(values)
        .map((part, k) => ({ name: theta[k]!.name, tensor: tensor1d(part) }))
        .filter((_, k) => !partial || fixture.present[i]![k]);
      optimizer.applyGradients(gradients);
      dispose(gradients.map(({ tensor }) => tensor));
      figures.alpha.push(optimizer.learningRate);
      if (fixture.kept.includes(i + 1)) figures.parameters.push(theta.flatMap((part) => [...part.dataSync()]));
    }
    optimizer.dispose();
    dispose(theta);

    // Relative to the largest value of a run: float32 gives 6e-8 in each operation, and α passes through 0.
    expect(deviation(figures.alpha, alpha)).toBeLessThan(1e-6);
    expect(deviation(figures.parameters.flat(), parameters.flat())).toBeLessThan(1e-6);
  });
});

/** `scripts/reference_rules.py` made it, by the authors' packages, in float64. */
interface RulesFixture extends Pick<Fixture, 'sizes' | 'start' | 'gradients'> {
  readonly cases: readonly {
    readonly rule: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly theta: readonly (readonly number[])[];
    readonly learned: Readonly<Record<string, readonly number[]>>;
    readonly evaluated?: readonly (readonly number[])[];
  }[];
}
const rules = JSON.parse(readFileSync(new URL('../fixtures/rules.json', import.meta.url), 'utf8')) as RulesFixture;

/** The rules' options under the classes' names. */
const names = { alpha0: 'lr', beta: 'hypergradLr', mu0: 'momentum', muLr: 'momentumLr', mu: 'momentum' };
const ruleClasses = {
  ...{ hdm: HDM, prodigy: Prodigy, dog: DoG, scheduleFreeSGD: ScheduleFreeSGD, scheduleFreeAdamW: ScheduleFreeAdamW },
  ...{ tower: SGDTower, momentum: TunedSGDHD, adam: TunedAdamHD },
};
const further: Partial<Record<string, (options: Record<string, unknown>) => object>> = {
  tower: ({ beta2 }) => ({ hypergradLrLr: beta2 }),
  momentum: ({ beta }) => ({ momentumLr: beta }),
  adam: ({ beta }) => ({ decayLr: beta }),
};

describe("twenty steps of the others agree with their authors' packages in float64 to 1e-6", () => {
  const cases = rules.cases.filter(({ rule }) => rule in ruleClasses);
  it.each(cases.map((each) => [each.rule, JSON.stringify(each.options), each] as const))(
    '%s %s',
    async (rule, _, { options, theta: expected, learned: { alpha, ...learned }, evaluated = [] }) => {
      const given = Object.entries({ ...options, ...further[rule]?.(options) })
        .filter(([name]) => name !== 'beta2')
        .map(([name, value]) => [name in names ? names[name as keyof typeof names] : name, value] as const);
      const optimizer = new ruleClasses[rule as keyof typeof ruleClasses](Object.fromEntries(given));
      const theta = split(rules.start).map((values) => variable(tensor1d(values)));
      const now = () => theta.flatMap((part) => [...part.dataSync()]);
      const figures = { theta: [] as number[], evaluated: [] as number[], alpha: [] as number[] };
      const found: Record<string, number[]> = {};
      for (const values of rules.gradients) {
        const gradients = split(values).map((part, k) => ({ name: theta[k]!.name, tensor: tensor1d(part) }));
        optimizer.applyGradients(gradients);
        dispose(gradients.map(({ tensor }) => tensor));
        figures.theta.push(...now());
        figures.alpha.push(optimizer.learningRate);
        if (evaluated.length > 0) figures.evaluated.push(...(await optimizer.evaluated(now)));
        for (const [symbol, value] of Object.entries(optimizer.learned)) (found[symbol] ??= []).push(value);
      }
      optimizer.dispose();
      dispose(theta);

      expect(deviation(figures.theta, expected.flat())).toBeLessThan(1e-6);
      if (alpha) expect(deviation(figures.alpha, alpha)).toBeLessThan(1e-6);
      if (evaluated.length > 0) expect(deviation(figures.evaluated, evaluated.flat())).toBeLessThan(1e-6);
      for (const [symbol, values] of Object.entries(learned)) {
        expect(deviation(found[symbol]!, values)).toBeLessThan(1e-6);
      }
    },
  );
});

function split(values: readonly number[]): number[][] {
  let start = 0;
  return fixture.sizes.map((size) => values.slice(start, (start += size)));
}

function deviation(actual: readonly number[], expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value))) / largest;
}
