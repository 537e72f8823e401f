import { tensor1d, tidy } from '@tensorflow/tfjs';
import { learningRate } from '../../src/optimizers/compensated.js';
import type { UpdateRule } from '../../src/index.js';
import type { NamedTensors } from '../../src/tensors.js';

/** What a rule did: after each step α, θ as one list, and what else it learns. */
export interface Trajectory {
  readonly alpha: number[];
  readonly theta: number[][];
  readonly learned: Record<string, number[]>;
}

/** Parameter tensors `a`, `b`, … by their values. */
export type Values = readonly (readonly number[])[];

/** Runs a rule on given gradients. */
export function follow(rule: UpdateRule, start: Values, gradients: readonly Values[]): Trajectory {
  const trajectory: Trajectory = { alpha: [], theta: [], learned: {} };
  tidy(() => {
    let parameters = named(start);
    let state = rule.init(parameters);
    for (const values of gradients) {
      ({ parameters, state } = rule.update(named(values), state, parameters));
      const drift = rule.drift?.(state);
      trajectory.alpha.push(
        drift ? learningRate(rule.alpha0, drift.high.dataSync()[0]!, drift.low.dataSync()[0]!) : rule.alpha0,
      );
      for (const [symbol, value] of Object.entries(rule.learned?.(state) ?? {})) {
        (trajectory.learned[symbol] ??= []).push(value.dataSync()[0]!);
      }
      trajectory.theta.push(Object.values(parameters).flatMap((tensor) => [...tensor.dataSync()]));
    }
  });
  return trajectory;
}

function named(values: Values): NamedTensors {
  return Object.fromEntries(values.map((part, i) => [String.fromCharCode(97 + i), tensor1d([...part])]));
}
