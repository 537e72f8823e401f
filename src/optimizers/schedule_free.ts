import {
  add,
  div,
  divNoNan,
  maximum,
  minimum,
  mul,
  pow,
  scalar,
  sqrt,
  square,
  sub,
  type Scalar,
} from '@tensorflow/tfjs-core';
import { mapTensors, pick, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import { oneMinusPower } from './adam.js';
import { decayed } from './direction.js';
import type { UpdateRule } from './rule.js';

export interface ScheduleFreeOptions {
  /** α, which needs no schedule. SGD's best is 10 to 50 times that with one; AdamW's 1 to 10 times. */
  readonly alpha0?: number;
  /** λ. Default 0. */
  readonly weightDecay?: number;
  /** Steps over which α grows to what it is. Default 0. */
  readonly warmupSteps?: number;
  /** The average weighs step k by k to this power. Default 0. */
  readonly r?: number;
  /** And by the largest α so far to this one. Default 2. */
  readonly weightLrPower?: number;
}

export interface ScheduleFreeSGDOptions extends ScheduleFreeOptions {
  /** β, the share of x in y, between 0 and 1. Default 0.9. */
  readonly momentum?: number;
}

export interface ScheduleFreeAdamWOptions extends ScheduleFreeOptions {
  /** β, the share of x in y, and β₂, the decay of the average of g². Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** ε. Default 1e-8. */
  readonly eps?: number;
  /** Takes the weight decay from z in place of y. Default false. */
  readonly decayAtZ?: boolean;
}

/** How the base method descends from z: its own state, and z after the step. */
interface Base {
  init(parameters: NamedTensors): TensorTree;
  next(step: {
    readonly gradients: NamedTensors;
    readonly z: NamedTensors;
    readonly y: NamedTensors;
    readonly rate: Scalar;
    readonly t: Scalar;
    readonly state: TensorTree;
  }): { readonly z: NamedTensors; readonly state: TensorTree };
}

interface ScheduleFreeState extends TensorTree {
  /** Steps taken. */
  readonly k: Scalar;
  /** Sum of the weights of the average, and the largest rate so far. */
  readonly weights: Scalar;
  readonly largest: Scalar;
  /** The last step's rate. */
  readonly rate: Scalar;
  readonly z: NamedTensors;
  readonly x: NamedTensors;
  readonly base: TensorTree;
}

/**
 * Schedule-Free SGD: an average of the iterates takes the place of a schedule of the learning rate.
 *
 *     z ← z − α·∇f(y)      x ← (1 − c)·x + c·z      y = (1 − β)·z + β·x
 *
 * c is the share of this step's weight kʳ·α² in the sum of all. The parameters that are trained are y; `evaluated` is x, at
 * which the model is to be used (and batch normalisation's statistics are to be taken anew).
 *
 * Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky, "The Road Less Scheduled", NeurIPS 2024; as in the authors' package
 * schedulefree 1.4.1.
 *
 * @example
 * ```ts
 * const rule = scheduleFreeSGD({ alpha0: 0.5 });
 * let state = rule.init(parameters);
 * // ({ parameters, state } = rule.update(gradients, state, parameters));  then  rule.evaluated!(state, parameters)
 * ```
 */
export function scheduleFreeSGD(options: ScheduleFreeSGDOptions = {}): UpdateRule {
  const { alpha0 = 1, momentum = 0.9, weightDecay = 0 } = options;
  return scheduleFree({ ...options, alpha0 }, momentum, {
    init: () => ({}),
    next({ gradients, z, y, rate }) {
      const g = decayed(gradients, y, weightDecay);
      return { z: mapTensors(z, (point, name) => sub(point, mul(tensorOf(g, name), rate))), state: {} };
    },
  });
}

interface SecondMoment extends TensorTree {
  readonly v: NamedTensors;
}

/**
 * Schedule-Free AdamW: {@link scheduleFreeSGD} whose z descends along g/(√(v/(1 − β₂ᵗ)) + ε), with the average v of g², and
 * shrinks by α·λ·y. The defaults are those of the authors' package schedulefree 1.4.1.
 */
export function scheduleFreeAdamW(options: ScheduleFreeAdamWOptions = {}): UpdateRule {
  const { alpha0 = 0.0025, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, decayAtZ = false } = options;
  const [beta1, beta2] = betas;
  return scheduleFree({ ...options, alpha0 }, beta1, {
    init: (parameters): SecondMoment => ({ v: zerosFor(parameters) }),
    next({ gradients, z, y, rate, t, state }) {
      const v = mapTensors(gradients, (g, name) =>
        add(mul(tensorOf((state as SecondMoment).v, name), beta2), mul(square(g), 1 - beta2)),
      );
      const correction = oneMinusPower(beta2, t);
      const decay = weightDecay === 0 ? undefined : mul<Scalar>(rate, weightDecay);
      const moved = mapTensors(z, (point, name) => {
        const from = decay ? sub(point, mul(tensorOf(decayAtZ ? z : y, name), decay)) : point;
        const denominator = add(sqrt(div(tensorOf(v, name), correction)), eps);
        return sub(from, mul(div(tensorOf(gradients, name), denominator), rate));
      });
      return { z: moved, state: { v } satisfies SecondMoment };
    },
  });
}

function scheduleFree(
  options: ScheduleFreeOptions & { readonly alpha0: number },
  beta: number,
  base: Base,
): UpdateRule {
  const { alpha0, warmupSteps = 0, r = 0, weightLrPower = 2 } = options;
  return {
    alpha0,
    init(parameters): ScheduleFreeState {
      return {
        k: scalar(0),
        weights: scalar(0),
        largest: scalar(0),
        rate: scalar(alpha0),
        z: mapTensors(parameters, (theta) => theta.clone()),
        x: mapTensors(parameters, (theta) => theta.clone()),
        base: base.init(parameters),
      };
    },
    update(gradients, state, parameters) {
      const last = state as ScheduleFreeState;
      const t = add<Scalar>(last.k, 1);
      const rate = warmupSteps === 0 ? scalar(alpha0) : mul<Scalar>(minimum(div(t, warmupSteps), 1), alpha0);
      const largest = maximum<Scalar>(last.largest, rate);
      const byRate = pow<Scalar>(largest, scalar(weightLrPower));
      const weight = r === 0 ? byRate : mul<Scalar>(pow(t, scalar(r)), byRate);
      const weights = add<Scalar>(last.weights, weight);
      const c = divNoNan<Scalar>(weight, weights);

      const before = pick(last.z, Object.keys(gradients));
      const { z, state: after } = base.next({ gradients, z: before, y: parameters, rate, t, state: last.base });
      const x = mapTensors(z, (point, name) => {
        return add(mul(tensorOf(last.x, name), sub(1, c)), mul(point, c));
      });
      return {
        parameters: mapTensors(x, (mean, name) => add(mul(mean, beta), mul(tensorOf(z, name), 1 - beta))),
        state: { k: t, weights, largest, rate, z, x, base: after } satisfies ScheduleFreeState,
      };
    },
    ...(warmupSteps > 0 && {
      drift: (state: TensorTree) => ({ high: sub<Scalar>((state as ScheduleFreeState).rate, alpha0), low: scalar(0) }),
    }),
    evaluated: (state) => (state as ScheduleFreeState).x,
  };
}
