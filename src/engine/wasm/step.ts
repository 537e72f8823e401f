import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../../tensors.js';
import { traceBackend } from '../onnx/backend.js';
import { Graph } from '../onnx/graph.js';
import '../onnx/kernels.js';
import type { Body, Shapes } from '../onnx/loop.js';
import { simplify } from '../onnx/simplify.js';
import { names } from './compile.js';

export interface StepOptions {
  readonly imageShape: readonly number[];
  readonly batchSize: number;
  readonly state: Shapes;
  /** The step: its figures, and the state after it where that moves. */
  readonly body: Body;
}

/**
 * The graph of one step on one mini-batch. Inputs: `images` float32 [batchSize, ...imageShape], normalised; `labels` int32
 * [batchSize]; the state. Outputs: the figures, and the state after the step where that moves.
 */
export function stepGraph({ imageShape, batchSize, state, body }: StepOptions): Graph {
  const graph = new Graph('', true);
  const input = (name: string, shape: readonly number[], type: 'float32' | 'int32') =>
    traceBackend.tensor(graph.input(name, shape, type), shape, type);
  traceBackend.trace(graph, () => {
    const before: NamedTensors = Object.fromEntries(
      Object.entries(state).map(([path, shape]): [string, Tensor] => [path, input(path, shape, 'float32')]),
    );
    const after = body(before, {
      images: input(names.images, [batchSize, ...imageShape], 'float32'),
      labels: input(names.labels, [batchSize], 'int32') as Tensor1D,
      masks: {},
    });
    const outputs = [
      ...Object.entries(after.state ?? {}).map(([path, tensor]) => [names.next(path), tensor] as const),
      ...Object.entries(after.figures).map(([figure, tensor]) => [names.figure(figure), tensor] as const),
    ];
    for (const [name, tensor] of outputs) graph.output(name, traceBackend.value(tensor), tensor.shape, 'float32');
  });
  simplify(graph);
  return graph;
}
