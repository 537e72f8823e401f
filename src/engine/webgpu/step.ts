import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../../tensors.js';
import { traceBackend } from '../onnx/backend.js';
import { Graph, type Node } from '../onnx/graph.js';
import '../onnx/kernels.js';
import type { Shapes } from '../onnx/loop.js';
import { simplify } from '../onnx/simplify.js';
import type { Batch } from '../program.js';
import { lower } from './lower.js';
import { forProcessor, packGraph, type Layout } from './pack.js';

export interface StepOptions {
  readonly imageShape: readonly number[];
  readonly batchSize: number;
  /** Shapes, for one image, of the masks that come with the batch. */
  readonly masks: Shapes;
  /** What the step reads of the state, path by path. */
  readonly state: Shapes;
  /** Of the state's families, those that the step reads. */
  readonly layout: Layout;
  /** The step: its figures, and the state after it where that moves. */
  readonly body: (
    state: NamedTensors,
    batch: Batch,
  ) => { readonly state?: NamedTensors; readonly figures: NamedTensors };
}

export interface Step {
  readonly graph: Graph;
  /** Nodes for the processor. */
  readonly onProcessor: ReadonlySet<Node>;
  /** Outputs that these make, or that are figures. */
  readonly there: ReadonlySet<string>;
}

/** What the graph's inputs and outputs are called. */
export const names = {
  images: 'images',
  labels: 'labels',
  mask: (mask: string) => `masks/${mask}`,
  next: (path: string) => `next/${path}`,
  figure: (figure: string) => `figures/${figure}`,
};

/**
 * The graph of one step on one mini-batch. Inputs: `images` float32 [batchSize, ...imageShape], normalised; `labels` int32
 * [batchSize]; masks float32 [batchSize, ...]; the state, in families. Outputs: the figures, and the state after the step
 * where that moves. There is no loop around it, as the loops of the engine onnx: the WebGPU provider has none, so that the state would
 * travel to the processor and back with every iteration.
 */
export function stepGraph({ imageShape, batchSize, masks, state, layout, body }: StepOptions): Step {
  const graph = new Graph();
  const floats = (name: string, shape: readonly number[]): Tensor => {
    graph.input(name, shape, 'float32');
    return traceBackend.tensor(name, shape, 'float32');
  };
  traceBackend.trace(graph, () => {
    graph.input(names.labels, [batchSize], 'int32');
    const batch: Batch = {
      images: floats(names.images, [batchSize, ...imageShape]),
      labels: traceBackend.tensor(names.labels, [batchSize], 'int32') as Tensor1D,
      masks: mapShapes(masks, (shape, name) => floats(names.mask(name), [batchSize, ...shape])),
    };
    const after = body(
      mapShapes(state, (shape, path) => floats(path, shape)),
      batch,
    );
    const outputs = [
      ...Object.entries(after.state ?? {}).map(([path, tensor]) => [names.next(path), tensor] as const),
      ...Object.entries(after.figures).map(([name, tensor]) => [names.figure(name), tensor] as const),
    ];
    for (const [name, tensor] of outputs) graph.output(name, traceBackend.value(tensor), tensor.shape, 'float32');
  });
  simplify(graph);
  const columns = packGraph(graph, layout, names.next);
  simplify(graph);
  lower(graph);
  const { nodes, values } = forProcessor(graph, columns);
  const figures = graph.outputs.map(({ name }) => name).filter((name) => name.startsWith(names.figure('')));
  return { graph, onProcessor: nodes, there: new Set([...values, ...figures]) };
}

/** The graph that hands float32 tensors on from the GPU: `cpu/<path>` is the tensor at the path. */
export function downloadGraph(shapes: Shapes): Step {
  const graph = new Graph();
  for (const [path, shape] of Object.entries(shapes)) {
    graph.output(downloaded(path), graph.input(path, shape, 'float32'), shape, 'float32');
  }
  return { graph, onProcessor: new Set(), there: new Set(graph.outputs.map(({ name }) => name)) };
}

export function downloaded(path: string): string {
  return `cpu/${path}`;
}

function mapShapes(shapes: Shapes, f: (shape: readonly number[], name: string) => Tensor): NamedTensors {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, f(shape, name)]));
}
