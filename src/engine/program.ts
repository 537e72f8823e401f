import {
  argMax,
  cast,
  dispose,
  div,
  equal,
  keep,
  reshape,
  valueAndGrads,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
// Registers the gradients of tfjs-core's operations, which for Node no smaller package does.
import '@tensorflow/tfjs-layers';
import type { Dataset } from '../data/dataset.js';
import type { ImageLayers } from '../models/layers/layers.js';
import { crossEntropies, totalCrossEntropy } from '../models/loss.js';
import type { Model, Values, Variables } from '../models/model.js';
import type { Compensated, UpdateRule } from '../optimizers/rule.js';
import { mapTensors, type NamedTensors, type TensorTree } from '../tensors.js';

/** Everything that one step carries to the next. */
export interface State extends TensorTree {
  readonly parameters: NamedTensors;
  readonly buffers: NamedTensors;
  readonly rule: TensorTree;
}

export interface Batch {
  /** Normalised, float32, shape [batch, ...imageShape]. */
  readonly images: Tensor;
  /** Classes, int32, shape [batch]. */
  readonly labels: Tensor1D;
  /** In training, the model's masks: 0 or 1 as float32, shape [batch, ...]. */
  readonly masks: NamedTensors;
}

/** What a training step reports. */
export interface StepFigures extends TensorTree {
  /** Mean cross-entropy of the batch before the step. */
  readonly loss: Scalar;
  /** α − α₀ after the step; empty where α is fixed. */
  readonly drift: Compensated | Record<string, never>;
  /** What the rule learns besides, by its symbol, after the step. */
  readonly learned: Readonly<Record<string, Scalar>>;
}

/** What an evaluation reports of each image, float32, shape [batch]. */
export interface EvaluationFigures extends TensorTree {
  /** Cross-entropy. */
  readonly loss: Tensor1D;
  /** 1 where the largest logit is the label's, else 0. */
  readonly correct: Tensor1D;
}

/**
 * An experiment as an engine sees it: pure functions on tensors, and the arrays to start from. An engine may store the
 * parameters, and with them what the rule keeps of each, in other shapes of as many elements.
 */
export interface Program {
  readonly dataset: Dataset;
  readonly alpha0: number;
  /** What training starts from; an engine may go on to write to these arrays. */
  readonly variables: Variables<Values>;
  /** Shapes, for one image, of the masks of a training step. */
  readonly masks: Readonly<Record<string, readonly number[]>>;
  /** Images in a mini-batch of training: one size for an epoch's first ones, another for its last. */
  readonly batchSizes: readonly number[];
  /** Images in a mini-batch of a validation. */
  readonly validationBatch: number;
  /** Whether an evaluation reads the rule's state. */
  readonly evaluatesRule: boolean;
  /** The state before the first step. */
  init(variables: Variables<Tensor>): State;
  /** One training step. */
  step(state: State, batch: Batch, layers: ImageLayers): { readonly state: State; readonly figures: StepFigures };
  /** Figures of each image, in evaluation mode, at the parameters that the rule wants the model to be used with. */
  evaluate(state: State, batch: Batch, layers: ImageLayers): EvaluationFigures;
}

export interface ProgramParts {
  readonly dataset: Dataset;
  readonly model: Model;
  readonly rule: UpdateRule;
  /** What the model starts from: `model.init`'s. */
  readonly variables: Variables<Values>;
  readonly batchSizes: readonly number[];
}

export function program({ dataset, model, rule, variables, batchSizes }: ProgramParts): Program {
  const pass = (theta: Variables<Tensor>, { images, masks }: Batch, layers: ImageLayers, training: boolean) => {
    const parameters = mapTensors(theta.parameters, (tensor, name) =>
      shaped(tensor, variables.parameters[name]!.shape),
    );
    return model.forward({ ...theta, parameters }, images, { training, layers, masks });
  };
  return {
    dataset,
    alpha0: rule.alpha0,
    variables,
    masks: model.masks ?? {},
    batchSizes,
    validationBatch: model.validationBatch,
    evaluatesRule: rule.evaluated !== undefined,
    init: ({ parameters, buffers }) => ({ parameters, buffers, rule: rule.init(parameters) }),
    step({ parameters, buffers, rule: ruleState }, batch, layers) {
      let moved: NamedTensors = {};
      const { value: loss, grads } = gradients((theta) => {
        const { logits, buffers: after } = pass({ parameters: theta, buffers }, batch, layers, true);
        // `valueAndGrads` disposes all but the loss.
        moved = mapTensors(after, (buffer) => keep(buffer.clone()));
        return div(totalCrossEntropy(logits, batch.labels), batch.labels.shape[0]);
      }, parameters);
      const next = rule.update(grads, ruleState, parameters);
      const state = {
        parameters: next.parameters,
        buffers: mapTensors(moved, (buffer) => buffer.clone()),
        rule: next.state,
      };
      dispose(moved);
      return {
        state,
        figures: { loss, drift: rule.drift?.(next.state) ?? {}, learned: rule.learned?.(next.state) ?? {} },
      };
    },
    evaluate({ parameters, buffers, rule: ruleState }, batch, layers) {
      const theta = { parameters: rule.evaluated?.(ruleState, parameters) ?? parameters, buffers };
      const { logits } = pass(theta, batch, layers, false);
      const correct = cast<Tensor1D>(equal(argMax(logits, -1), batch.labels), 'float32');
      return { loss: crossEntropies(logits, batch.labels), correct };
    },
  };
}

function shaped(tensor: Tensor, shape: readonly number[]): Tensor {
  return tensor.shape.join() === shape.join() ? tensor : reshape(tensor, [...shape]);
}

/** tfjs's `valueAndGrads` takes arguments in a row; parameters come by name. */
function gradients(f: (parameters: NamedTensors) => Scalar, parameters: NamedTensors) {
  const names = Object.keys(parameters);
  const named = (tensors: Tensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]])) as NamedTensorMap;
  const { value, grads } = valueAndGrads((...tensors: Tensor[]) => f(named(tensors)))(Object.values(parameters));
  return { value: value, grads: named(grads) };
}
