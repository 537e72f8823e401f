import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hdmIterates, type HDMIteratesOptions, type Objective } from '../../src/index.js';

/** `scripts/reference_hdm.py` made it, by the authors' program. */
interface Fixture {
  readonly start: readonly number[];
  /** LIBSVM's a1a, gzipped, in base64. */
  readonly data: string;
  readonly cases: readonly {
    readonly options: HDMIteratesOptions;
    /** f and ‖∇f‖∞ of each iterate, from the start on. */
    readonly values: readonly number[];
    readonly gradients: readonly number[];
    /** The last iterate's successor. */
    readonly x: readonly number[];
  }[];
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/hdm.json', import.meta.url), 'utf8')) as Fixture;
const start = Float64Array.from(fixture.start);
const problem = logisticRegression(gunzipSync(Buffer.from(fixture.data, 'base64')).toString());

describe("fifty iterations on a1a are those of the authors' program", () => {
  it.each(fixture.cases.map((each) => [JSON.stringify(each.options), each] as const))(
    '%s',
    (_, { options, values, gradients, x }) => {
      // The program waits for a quarter of its iterations, but at least 20.
      const iterates = take(hdmIterates(problem, start, { ...options, patience: 20 }), values.length + 1);
      // Both compute in float64, and add up the 1,605 examples in different orders.
      for (const [i, value] of values.entries()) {
        expect(Math.abs(iterates[i]!.value / value - 1)).toBeLessThan(1e-9);
        const largest = Math.max(...iterates[i]!.gradient.map(Math.abs));
        expect(Math.abs(largest / gradients[i]! - 1)).toBeLessThan(1e-9);
      }
      const scale = Math.max(...x.map(Math.abs));
      for (const [i, xi] of iterates.at(-1)!.x.entries()) expect(Math.abs(xi - x[i]!)).toBeLessThan(1e-9 * scale);
      expect(values.at(-1)).toBeLessThan(0.9 * values[0]!);
    },
  );
});

it('never goes up, and makes the gradient small', () => {
  const iterates = take(hdmIterates(problem, start, fixture.cases[0]!.options), 200);
  for (const [i, { value }] of iterates.entries())
    expect(value).toBeLessThanOrEqual(iterates[i - 1]?.value ?? Infinity);
  const steepness = ({ gradient }: (typeof iterates)[number]) => Math.hypot(...gradient);
  expect(steepness(iterates.at(-1)!)).toBeLessThan(0.01 * steepness(iterates[0]!));
});

function take<T>(iterates: Iterator<T>, count: number): T[] {
  return Array.from({ length: count }, () => iterates.next().value as T);
}

/** Σ log(1 + exp(−y·⟨w, (x, 1)⟩)) over the lines `y index:value …`. */
function logisticRegression(libsvm: string): Objective {
  const examples = libsvm
    .trim()
    .split('\n')
    .map((line) => {
      const [label, ...entries] = line.trim().split(' ');
      const features = entries.map((entry) => entry.split(':').map(Number) as [number, number]);
      return {
        y: Number(label),
        features: [...features.map(([i, x]) => [i - 1, x] as const), [start.length - 1, 1] as const],
      };
    });
  const margin = (w: Float64Array, { y, features }: (typeof examples)[number]) =>
    -y * features.reduce((total, [i, x]) => total + w[i]! * x, 0);
  return {
    value: (w) => examples.reduce((total, each) => total + Math.log(1 + Math.exp(margin(w, each))), 0),
    gradient(w) {
      const gradient = new Float64Array(w.length);
      for (const each of examples) {
        const slope = -each.y * (1 - 1 / (1 + Math.exp(margin(w, each))));
        for (const [i, x] of each.features) gradient[i]! += slope * x;
      }
      return gradient;
    },
  };
}
