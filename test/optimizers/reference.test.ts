import { setBackend } from '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { onnxEngine } from '../../src/engine/onnx/engine.js';
import { tfjsEngine } from '../../src/engine/tfjs/engine.js';
import {
  dog,
  grouped,
  hdm,
  hypergradientDescent,
  prodigy,
  scheduleFreeAdamW,
  scheduleFreeSGD,
  type DoGOptions,
  rated,
  sgdHD,
  steepest,
  tunableAdamDirection,
  type UpdateRule,
} from '../../src/index.js';
import { follow, followOn, type Trajectory, type Values } from './rules.js';

/** `scripts/reference_rules.py` made it, in float64, by the authors' packages. */
interface Fixture {
  /** Elements of each parameter tensor. */
  readonly sizes: readonly number[];
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly cases: readonly {
    readonly rule: keyof typeof rules;
    readonly options: never;
    /** After each step. */
    readonly theta: readonly (readonly number[])[];
    readonly learned: Readonly<Record<string, readonly number[]>>;
    readonly evaluated?: readonly (readonly number[])[];
  }[];
}

interface Tuned {
  readonly alpha0: number;
  readonly beta: number;
}

const rules = {
  hdm,
  prodigy,
  dog,
  ldog: (options: DoGOptions) => grouped(dog(options)),
  scheduleFreeSGD,
  scheduleFreeAdamW,
  tower: ({ alpha0, beta, beta2 }: Tuned & { readonly beta2: number }) =>
    sgdHD({ alpha0, beta: 1, hypergradOptimizer: rated(steepest, { alpha0: beta, beta: beta2 }) }),
  momentum: ({ alpha0, beta, mu }: Tuned & { readonly mu: number }) =>
    sgdHD({ alpha0, beta, mu, tune: { mu: { beta } } }),
  adam: ({ alpha0, beta, betas }: Tuned & { readonly betas: [number, number] }) =>
    hypergradientDescent(tunableAdamDirection({ betas }), {
      alpha0,
      beta,
      tune: { beta1: { beta }, beta2: { beta } },
    }),
} satisfies Record<string, (options: never) => UpdateRule>;

const fixture = JSON.parse(readFileSync(new URL('../fixtures/rules.json', import.meta.url), 'utf8')) as Fixture;

beforeAll(() => setBackend('cpu'));

/** Each way to run a rule. */
const followers: Record<string, (...given: Parameters<typeof follow>) => Trajectory | Promise<Trajectory>> = {
  'as a function': follow,
  'by the engine cpu': (...given) => followOn(tfjsEngine('cpu'), ...given),
  'by the engine onnx': (...given) => followOn(onnxEngine(), ...given),
};

describe.each(Object.keys(followers))("%s, twenty steps agree with the authors' packages in float64 to 1e-6", (way) => {
  it.each(fixture.cases.map((each) => [each.rule, JSON.stringify(each.options), each] as const))(
    '%s %s',
    async (name, _, { options, theta, learned: { alpha, ...learned }, evaluated = [] }) => {
      const rule = rules[name](options);
      const actual = await followers[way]!(rule, split(fixture.start), fixture.gradients.map(split));
      // Relative to the largest value of a run: float32 gives 6e-8 in each operation.
      expect(deviation(actual.theta.flat(), theta.flat())).toBeLessThan(1e-6);
      expect(actual.evaluated).toHaveLength(evaluated.length);
      if (evaluated.length > 0) expect(deviation(actual.evaluated.flat(), evaluated.flat())).toBeLessThan(1e-6);
      if (alpha) expect(deviation(actual.alpha, alpha)).toBeLessThan(1e-6);
      expect(Object.keys(actual.learned).sort()).toEqual(Object.keys(learned).sort());
      for (const [symbol, values] of Object.entries(learned)) {
        expect(deviation(actual.learned[symbol]!, values)).toBeLessThan(1e-6);
      }
    },
  );
});

function split(values: readonly number[]): Values {
  let start = 0;
  return fixture.sizes.map((size) => values.slice(start, (start += size)));
}

function deviation(actual: readonly number[], expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value))) / largest;
}
