import {
  div,
  valueAndGrads,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  sub,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import type { Dataset } from '../data/dataset.js';
import { crossEntropy } from '../models/loss.js';
import type { Model, Values } from '../models/model.js';
import type { Compensated, UpdateRule } from '../optimizers/rule.js';
import type { NamedTensors, TensorTree } from '../tensors.js';

/** Everything that one step carries to the next. */
export interface State extends TensorTree {
  readonly parameters: NamedTensors;
  readonly rule: TensorTree;
}

/** Pixels 0..255 as float32, shape [batch, ...imageShape], and classes, int32, shape [batch]. */
export interface Batch {
  readonly pixels: Tensor;
  readonly labels: Tensor1D;
}

/** What a training step reports. */
export interface StepFigures extends TensorTree {
  /** Mean cross-entropy of the batch before the step. */
  readonly loss: Scalar;
  /** α − α₀ after the step; absent where α is fixed. */
  readonly drift: Compensated | Record<string, never>;
}

/** An experiment as an engine sees it: pure functions on tensors, and the arrays to start from. */
export interface Program {
  readonly dataset: Dataset;
  readonly alpha0: number;
  readonly parameters: Readonly<Record<string, Values>>;
  /** The state before the first step. */
  init(parameters: NamedTensors): State;
  /** One training step. */
  step(state: State, batch: Batch): { readonly state: State; readonly figures: StepFigures };
  /** Cross-entropy summed over the batch, in evaluation mode. */
  evaluate(parameters: NamedTensors, batch: Batch): Scalar;
}

export interface ProgramParts {
  readonly dataset: Dataset;
  readonly model: Model;
  readonly rule: UpdateRule;
  readonly parameters: Readonly<Record<string, Values>>;
}

export function program({ dataset, model, rule, parameters }: ProgramParts): Program {
  const totalLoss = (theta: NamedTensors, { pixels, labels }: Batch) =>
    crossEntropy(model.logits(theta, normalised(pixels, dataset)), labels);
  return {
    dataset,
    alpha0: rule.alpha0,
    parameters,
    init: (theta) => ({ parameters: theta, rule: rule.init(theta) }),
    step(state, batch) {
      const { value: loss, grads } = gradients(
        (theta) => div(totalLoss(theta, batch), batch.labels.shape[0]),
        state.parameters,
      );
      const next = rule.update(grads, state.rule, state.parameters);
      return {
        state: { parameters: next.parameters, rule: next.state },
        figures: { loss, drift: rule.drift?.(next.state) ?? {} },
      };
    },
    evaluate: totalLoss,
  };
}

/** (p/255 − mean)/std, in torchvision's order of operations. */
function normalised(pixels: Tensor, { mean, std }: Dataset): Tensor {
  return div(sub(div(pixels, 255), mean), std);
}

/** tfjs's `valueAndGrads` takes arguments in a row; parameters come by name. */
function gradients(f: (parameters: NamedTensors) => Scalar, parameters: NamedTensors) {
  const names = Object.keys(parameters);
  const named = (tensors: Tensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]])) as NamedTensorMap;
  const { value, grads } = valueAndGrads((...tensors: Tensor[]) => f(named(tensors)))(Object.values(parameters));
  return { value: value, grads: named(grads) };
}
