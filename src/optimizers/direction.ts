import { add, mul, sub, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, type NamedTensors, type TensorTree } from '../tensors.js';

/**
 * How a method turns gradients into the direction u = scale · q that it descends along: θ ← θ − α·u.
 * The common factor is kept apart, since multiplying a scalar is cheaper than multiplying every parameter.
 */
export interface Direction {
  /** The state before the first step. */
  init(parameters: NamedTensors): TensorTree;
  next(
    gradients: NamedTensors,
    state: TensorTree,
  ): { readonly q: NamedTensors; readonly scale: Scalar; readonly state: TensorTree };
}

/** g + λ·θ for every parameter: weight decay as an L2 penalty. */
export function decayed(gradients: NamedTensors, parameters: NamedTensors, weightDecay: number): NamedTensors {
  if (weightDecay === 0) return gradients;
  return mapTensors(parameters, (theta, name) => add(tensorOf(gradients, name), mul(theta, weightDecay)));
}

/** θ − rate·q for one parameter. */
export function descend(theta: Tensor, rate: Scalar, q: Tensor): Tensor {
  return sub(theta, mul(q, rate));
}
