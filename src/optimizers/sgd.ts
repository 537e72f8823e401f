import { add, mul, scalar, sub, type Scalar } from '@tensorflow/tfjs-core';
import { UsageError } from '../errors.js';
import { mapTensors, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import { descent, type DescentOptions } from './descent.js';
import type { Direction } from './direction.js';
import type { UpdateRule } from './rule.js';

export interface MomentumOptions {
  /** Momentum μ ≥ 0; 0: u = g. Default 0. */
  readonly mu?: number;
  /** Share of the gradient that is kept out of the buffer from the second step on, 0 to 1. Default 0. */
  readonly dampening?: number;
  /** u = g + μ·buf instead of u = buf; needs μ > 0 and no dampening. Default false. */
  readonly nesterov?: boolean;
}

interface MomentumState extends TensorTree {
  readonly momentum: NamedTensors;
  /** With dampening: 0 before the first step, then 1. */
  readonly started: Scalar | Record<string, never>;
}

/** Stochastic gradient descent: θ ← θ − α·u, with u = g or, with μ > 0, the momentum direction. */
export function sgd(options: DescentOptions & MomentumOptions): UpdateRule {
  return descent(sgdDirection(options), options);
}

/** u = g with μ = 0, else `momentum`. */
export function sgdDirection(options: MomentumOptions): Direction {
  const { mu = 0, dampening = 0, nesterov = false } = options;
  if (nesterov && (mu <= 0 || dampening !== 0)) {
    throw new UsageError(
      `Nesterov momentum needs momentum > 0 and dampening 0; got momentum ${mu} and dampening ${dampening}. ` +
        'Change these, or leave Nesterov out.',
    );
  }
  return mu === 0 ? steepest : momentum(options);
}

/** u = g. */
export const steepest: Direction = {
  init: () => ({}),
  next: (gradients) => ({ q: gradients, scale: scalar(1), state: {} }),
};

/**
 * buf ← μ·buf + (1 − dampening)·g, as in PyTorch's SGD: buf is g itself at the first step, whatever the dampening.
 * u = buf, or g + μ·buf with Nesterov. μ can be learned, by the symbol `mu`: ∂u/∂μ is the buffer before the step, or with
 * Nesterov that after it + μ·that before it.
 */
export function momentum({ mu = 0, dampening = 0, nesterov = false }: MomentumOptions): Direction {
  const started = (value: number) => (dampening === 0 ? {} : scalar(value));
  return {
    hyper: { mu: { start: mu } },
    init: (parameters): MomentumState => ({ momentum: zerosFor(parameters), started: started(0) }),
    next(gradients, state, _, hyper = {}) {
      const last = state as MomentumState;
      const decay = hyper.mu ?? mu;
      const share = dampening === 0 ? undefined : sub(1, mul(last.started as Scalar, dampening));
      const buffer = mapTensors(gradients, (g, name) =>
        add(mul(tensorOf(last.momentum, name), decay), share ? mul(g, share) : g),
      );
      const withMomentum = (x: NamedTensors, more: NamedTensors) =>
        mapTensors(x, (value, name) => add(value, mul(tensorOf(more, name), decay)));
      return {
        q: nesterov ? withMomentum(gradients, buffer) : buffer,
        scale: scalar(1),
        state: { momentum: buffer, started: started(1) } satisfies MomentumState,
        derivatives: hyper.mu && {
          mu: nesterov ? withMomentum(buffer, last.momentum) : mapTensors(last.momentum, (part) => part.clone()),
        },
      };
    },
  };
}
