import { concat, matMul, oneHot, reshape, scalar, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs';
import type { Engine } from '../../src/engine/engine.js';
import type { Program } from '../../src/engine/program.js';
import type { UpdateRule } from '../../src/index.js';
import { learningRate } from '../../src/optimizers/compensated.js';
import type { NamedTensors } from '../../src/tensors.js';
import { datasetOf } from '../images.js';

/** What a rule did: after each step α, θ as one list, and what else it learns. */
export interface Trajectory {
  readonly alpha: number[];
  readonly theta: number[][];
  readonly learned: Record<string, number[]>;
  /** Where they are not θ: the parameters to use the model with. */
  readonly evaluated: number[][];
}

/** Parameter tensors `a`, `b`, … by their values. */
export type Values = readonly (readonly number[])[];

/** Runs a rule on given gradients. */
export function follow(rule: UpdateRule, start: Values, gradients: readonly Values[]): Trajectory {
  const trajectory: Trajectory = { alpha: [], theta: [], learned: {}, evaluated: [] };
  tidy(() => {
    let parameters = named(start);
    let state = rule.init(parameters);
    for (const step of gradients) {
      ({ parameters, state } = rule.update(named(step), state, parameters));
      const drift = rule.drift?.(state);
      trajectory.alpha.push(
        drift ? learningRate(rule.alpha0, drift.high.dataSync()[0]!, drift.low.dataSync()[0]!) : rule.alpha0,
      );
      for (const [symbol, value] of Object.entries(rule.learned?.(state) ?? {})) {
        (trajectory.learned[symbol] ??= []).push(value.dataSync()[0]!);
      }
      if (rule.evaluated) trajectory.evaluated.push(values(rule.evaluated(state, parameters)));
      trajectory.theta.push(values(parameters));
    }
  });
  return trajectory;
}

/** As `follow`, by an engine: the label of a step's one image is its number, by which the step picks its gradients. */
export async function followOn(
  engine: Engine,
  rule: UpdateRule,
  start: Values,
  gradients: readonly Values[],
): Promise<Trajectory> {
  const elements = start.flat().length;
  const numbers = gradients.map((_, i) => i);
  const program: Program = {
    dataset: datasetOf([1, 1], {
      images: new Uint8Array(numbers.length),
      labels: Uint8Array.from(numbers),
      count: numbers.length,
    }),
    alpha0: rule.alpha0,
    variables: {
      parameters: Object.fromEntries(
        start.map((part, i) => [nameOf(i), { shape: [part.length], values: Float32Array.from(part) }]),
      ),
      buffers: {},
    },
    masks: {},
    batchSizes: [1],
    validationBatch: elements,
    evaluatesRule: rule.evaluated !== undefined,
    init: ({ parameters, buffers }) => ({ parameters, buffers, rule: rule.init(parameters) }),
    step({ parameters, buffers, rule: state }, { labels }) {
      const chosen = oneHot(labels, numbers.length).toFloat();
      const gradient = start.map((part, i) => {
        const table = tensor2d(
          gradients.flatMap((step) => step[i]!),
          [numbers.length, part.length],
        );
        return [nameOf(i), reshape(matMul(chosen, table), [part.length])] as const;
      });
      const next = rule.update(Object.fromEntries(gradient), state, parameters);
      return {
        state: { parameters: next.parameters, buffers, rule: next.state },
        figures: { loss: scalar(0), drift: rule.drift?.(next.state) ?? {}, learned: rule.learned?.(next.state) ?? {} },
      };
    },
    evaluate({ parameters, rule: state }) {
      const evaluated = concat(Object.values(rule.evaluated?.(state, parameters) ?? parameters)).as1D();
      return { loss: evaluated, correct: evaluated };
    },
  };
  const runner = await engine.start(program);
  const trajectory: Trajectory = { alpha: [], theta: [], learned: {}, evaluated: [] };
  for (const number of numbers) {
    const { alpha, learned } = await runner.train({ rows: Int32Array.of(number), batchSize: 1 });
    trajectory.alpha.push(...alpha);
    for (const [symbol, each] of Object.entries(learned)) (trajectory.learned[symbol] ??= []).push(...each);
    const state = await runner.state();
    trajectory.theta.push(start.flatMap((_, i) => [...state[`parameters/${nameOf(i)}`]!.values]));
    if (rule.evaluated) {
      trajectory.evaluated.push([...(await runner.evaluate('test', new Int32Array(elements))).loss]);
    }
  }
  await runner.dispose();
  return trajectory;
}

function values(tensors: NamedTensors): number[] {
  return Object.values(tensors).flatMap((tensor) => [...tensor.dataSync()]);
}

function named(values: Values): NamedTensors {
  return Object.fromEntries(values.map((part, i) => [nameOf(i), tensor1d([...part])]));
}

function nameOf(i: number): string {
  return String.fromCharCode(97 + i);
}
