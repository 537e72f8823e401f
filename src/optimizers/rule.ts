import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { NamedTensors, TensorTree } from '../tensors.js';

/** A sum of two float32 tensors, by default scalars, high + low, that keeps about 48 bits. */
export interface Compensated<T extends Tensor = Scalar> extends TensorTree {
  readonly high: T;
  readonly low: T;
}

/**
 * An update rule: pure functions on tensors, so that an engine may run them eagerly or compile them.
 * Neither disposes its arguments.
 */
export interface UpdateRule {
  /** α₀, the learning rate of the first step. */
  readonly alpha0: number;
  /** The state before the first step. */
  init(parameters: NamedTensors): TensorTree;
  /**
   * One step.
   * @param gradients ∇f(θ), by parameter name, each of its parameter's shape.
   * @param state what `init` or the last `update` returned.
   * @param parameters θ.
   */
  update(
    gradients: NamedTensors,
    state: TensorTree,
    parameters: NamedTensors,
  ): { readonly parameters: NamedTensors; readonly state: TensorTree };
  /** α − α₀ in `state`, for a rule that learns α; add it to `alpha0` in float64. */
  drift?(state: TensorTree): Compensated;
  /**
   * The parameters to use the model with, where they are not those that are trained: an average of these. For validation and
   * for what is kept, never for the next step.
   */
  evaluated?(state: TensorTree, parameters: NamedTensors): NamedTensors;
  /** What a rule learns besides α, in `state`, by its symbol. */
  learned?(state: TensorTree): Readonly<Record<string, Scalar>>;
}
