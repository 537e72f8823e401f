import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { tensorOf, type NamedTensors } from '../../tensors.js';
import type { Batch } from '../program.js';
import { traceBackend } from './backend.js';
import { elementTypes, Graph } from './graph.js';
import './kernels.js';
import { simplify } from './simplify.js';

/** Shapes of float32 tensors by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

export interface LoopOptions {
  readonly imageShape: readonly number[];
  readonly batchSize: number;
  /** Whether the images come batch by batch, rather than from the set. */
  readonly prepared?: boolean;
  /** Shapes, for one image, of the masks that come with a batch. */
  readonly masks?: Shapes;
  /** Tensors that every iteration reads. */
  readonly shared?: Shapes;
  /** Tensors that an iteration hands to the next. */
  readonly carried?: Shapes;
  /** One iteration. */
  readonly body: (
    tensors: NamedTensors,
    batch: Batch,
  ) => { readonly carried: NamedTensors; readonly figures: NamedTensors };
}

/** What the graph's inputs and outputs are called. */
export const names = {
  images: 'images',
  labels: 'labels',
  rows: 'rows',
  steps: 'steps',
  prepared: 'prepared',
  mask: (mask: string) => `masks/${mask}`,
  next: (carried: string) => `next/${carried}`,
  figure: (figure: string) => `figures/${figure}`,
};

/**
 * A graph that runs `body` on one mini-batch after the other within a single ONNX Loop, so that the state stays inside
 * the engine between steps. Inputs: `images` float32 [images, ...imageShape] or `prepared` float32 [steps,
 * batchSize, ...imageShape], `labels` uint8 [images], `rows` int32 [steps, batchSize], masks uint8 [steps, batchSize, ...], `steps`
 * int64 [], the shared and the carried tensors. Outputs: the carried tensors after the last
 * iteration, and each figure, shape [steps, ...].
 */
export function loopGraph(options: LoopOptions): Graph {
  const { imageShape, batchSize, prepared = false, masks = {}, shared = {}, carried = {}, body } = options;
  const graph = new Graph();
  if (prepared) graph.input(names.prepared, ['steps', batchSize, ...imageShape], 'float32');
  else graph.input(names.images, ['images', ...imageShape], 'float32');
  for (const [name, shape] of Object.entries(masks))
    graph.input(names.mask(name), ['steps', batchSize, ...shape], 'uint8');
  graph.input(names.labels, ['images'], 'uint8');
  graph.input(names.rows, ['steps', batchSize], 'int32');
  graph.input(names.steps, [], 'int64');
  for (const [name, shape] of Object.entries({ ...shared, ...carried })) graph.input(name, shape, 'float32');

  const iteration = new Graph('body/');
  const index = iteration.input('body/index', [], 'int64');
  const condition = iteration.input('body/condition', [], 'bool');
  const inside = (name: string) => `body/${name}`;
  for (const [name, shape] of Object.entries(carried)) iteration.input(inside(name), shape, 'float32');

  const figures = traceBackend.trace(iteration, () => {
    const tensors = Object.fromEntries([
      ...Object.entries(shared).map(([name, shape]) => [name, floats(name, shape)] as const),
      ...Object.entries(carried).map(([name, shape]) => [name, floats(inside(name), shape)] as const),
    ]);
    const results = body(tensors, batchOf(iteration, index, { imageShape, batchSize, prepared, masks }));
    iteration.output('body/go on', condition, [], 'bool');
    for (const [name, shape] of Object.entries(carried)) {
      iteration.output(inside(names.next(name)), traceBackend.value(tensorOf(results.carried, name)), shape, 'float32');
    }
    for (const [name, figure] of Object.entries(results.figures)) {
      iteration.output(inside(names.figure(name)), traceBackend.value(figure), figure.shape, 'float32');
    }
    return Object.entries(results.figures).map(
      ([name, { shape }]) => [names.figure(name), ['steps', ...shape]] as const,
    );
  });
  simplify(iteration);

  const outputs = graph.nodeWithOutputs(
    'Loop',
    [names.steps, '', ...Object.keys(carried)],
    Object.keys(carried).length + figures.length,
    { body: iteration },
  );
  const results = [...Object.entries(carried).map(([name, shape]) => [names.next(name), shape] as const), ...figures];
  for (const [i, [name, shape]] of results.entries()) graph.output(name, outputs[i] ?? '', shape, 'float32');
  simplify(graph);
  return graph;
}

function floats(value: string, shape: readonly number[]): Tensor {
  return traceBackend.tensor(value, shape, 'float32');
}

/** The mini-batch of an iteration. */
function batchOf(
  graph: Graph,
  index: string,
  {
    imageShape,
    batchSize,
    prepared,
    masks,
  }: Required<Pick<LoopOptions, 'imageShape' | 'batchSize' | 'prepared' | 'masks'>>,
): Batch {
  const gather = (from: string, indices: string) => graph.node('Gather', [from, indices], { axis: 0 });
  const cast = (bytes: string, type: 'float32' | 'int32') => graph.node('Cast', [bytes], { to: elementTypes[type] });
  const rows = gather(names.rows, index);
  const images = prepared ? gather(names.prepared, index) : gather(names.images, rows);
  return {
    images: floats(images, [batchSize, ...imageShape]),
    labels: traceBackend.tensor(cast(gather(names.labels, rows), 'int32'), [batchSize], 'int32') as Tensor1D,
    masks: Object.fromEntries(
      Object.entries(masks).map(([name, shape]) => [
        name,
        floats(cast(gather(names.mask(name), index), 'float32'), [batchSize, ...shape]),
      ]),
    ),
  };
}
