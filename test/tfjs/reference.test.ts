import { dispose, setBackend, tensor1d, variable } from '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { AdamHD, AdamWHD, SGDHD, type HypergradientOptimizer } from '../../src/index.js';

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

function split(values: readonly number[]): number[][] {
  let start = 0;
  return fixture.sizes.map((size) => values.slice(start, (start += size)));
}

function deviation(actual: readonly number[], expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value))) / largest;
}
