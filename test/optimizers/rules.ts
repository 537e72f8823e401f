import { tensor1d, tidy } from '@tensorflow/tfjs';
import { learningRate } from '../../src/optimizers/compensated.js';
import type { UpdateRule } from '../../src/index.js';
import type { NamedTensors } from '../../src/tensors.js';

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

function values(tensors: NamedTensors): number[] {
  return Object.values(tensors).flatMap((tensor) => [...tensor.dataSync()]);
}

function named(values: Values): NamedTensors {
  return Object.fromEntries(values.map((part, i) => [String.fromCharCode(97 + i), tensor1d([...part])]));
}
