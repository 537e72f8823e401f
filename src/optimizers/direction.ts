import { add, mul, scalar, sub, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, type NamedTensors, type TensorTree } from '../tensors.js';

/** A hyper-parameter that a direction lets be learned. */
export interface Hyper {
  /** What it is before the first step, as it is learned. */
  readonly start: number;
  /** What it stands for, where it is learned as something else, such as a decay as a number without bounds. */
  readonly read?: (value: Scalar) => Scalar;
}

/**
 * How a method turns gradients into the direction u = scale · q that it descends along: θ ← θ − α·u.
 * The common factor, never negative, is kept apart, since multiplying a scalar is cheaper than multiplying every
 * parameter.
 */
export interface Direction {
  /** Hyper-parameters that may be learned, by their symbol. */
  readonly hyper?: Readonly<Record<string, Hyper>>;
  /** The state before the first step. */
  init(parameters: NamedTensors): TensorTree;
  /**
   * The direction of a step, and the state after it.
   * @param gradients by parameter name, each of its parameter's shape.
   * @param state what `init` or the last `next` returned.
   * @param parameters θ before the step, under the same names.
   * @param hyper hyper-parameters of `hyper` that are learned, as they are now. The others stay what they were.
   */
  next(
    gradients: NamedTensors,
    state: TensorTree,
    parameters: NamedTensors,
    hyper?: Readonly<Record<string, Scalar>>,
  ): {
    readonly q: NamedTensors;
    readonly scale: Scalar;
    readonly state: TensorTree;
    /** ∂u/∂p by the symbol of each of `hyper`, with what went before the step held fixed. */
    readonly derivatives?: Readonly<Record<string, NamedTensors>>;
  };
}

/** g + λ·θ for every parameter: weight decay as an L2 penalty. */
export function decayed(gradients: NamedTensors, parameters: NamedTensors, weightDecay: number): NamedTensors {
  if (weightDecay === 0) return gradients;
  return mapTensors(parameters, (theta, name) => add(tensorOf(gradients, name), mul(theta, weightDecay)));
}

/**
 * u + λ·θ: weight decay that the method does not see (Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
 * ICLR 2019). The decay is part of the direction, since ∂θ_t/∂α = −(u + λ·θ_{t-1}) is what the hypergradient needs.
 */
export function decoupled(direction: Direction, weightDecay: number): Direction {
  if (weightDecay === 0) return direction;
  return {
    init: (parameters) => direction.init(parameters),
    next(gradients, last, parameters) {
      const { q, scale, state } = direction.next(gradients, last, parameters);
      const u = mapTensors(q, (part, name) => add(mul(part, scale), mul(tensorOf(parameters, name), weightDecay)));
      return { q: u, scale: scalar(1), state };
    },
  };
}

/** θ − rate·q for one parameter, the rate being one number or of its shape. */
export function descend(theta: Tensor, rate: Tensor, q: Tensor): Tensor {
  return sub(theta, mul(q, rate));
}
