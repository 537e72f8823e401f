import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { Dataset } from '../../data/dataset.js';
import { tensorOf, type NamedTensors } from '../../tensors.js';
import type { Batch } from '../program.js';
import { traceBackend } from './backend.js';
import { hoistCounts } from './counting.js';
import { elementTypes, Graph } from './graph.js';
import './kernels.js';
import { merge } from './many.js';
import { handOnAsComputed, joinReshapes, reshaped } from './reshape.js';
import { hoist, removeUnused, simplify } from './simplify.js';

/** Shapes of float32 tensors by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** A loop over mini-batches of one size. */
export interface LoopOptions {
  readonly batchSize: number;
  /** Whether an iteration hands the state on to the next, changed; else each reads the same. */
  readonly moves: boolean;
  /** One iteration, of each setting. */
  readonly bodies: readonly Body[];
}

/** Its figures, and the state after it where that moves. */
export type Body = (
  state: NamedTensors,
  batch: Batch,
) => { readonly state?: NamedTensors; readonly figures: NamedTensors };

export interface LoopsOptions {
  readonly imageShape: readonly number[];
  /** Whether the images come batch by batch, normalised, rather than from the set, as bytes. */
  readonly prepared: boolean;
  /** Of the bytes, as the data set has it. */
  readonly normalisation: Pick<Dataset, 'mean' | 'std'>;
  /** Shapes, for one image, of the masks that come with a batch. */
  readonly masks: Shapes;
  /** Of one setting. */
  readonly state: Shapes;
  /** How many settings are trained together; where there are several, the state and the figures have an axis of them in front. */
  readonly settings: number;
  readonly loops: Readonly<Record<string, LoopOptions>>;
}

/** What the graph's inputs and outputs are called. */
export const names = {
  loop: 'loop',
  images: 'images',
  labels: 'labels',
  rows: 'rows',
  steps: 'steps',
  prepared: 'prepared',
  mask: (mask: string) => `masks/${mask}`,
  next: (loop: string, path: string) => `${loop}/next/${path}`,
  figure: (loop: string, figure: string) => `${loop}/figures/${figure}`,
};

/**
 * A graph of several loops, of which a call runs one: a loop takes one mini-batch after the other within a single ONNX
 * Loop, so that the state stays inside the engine between steps; and since they are one graph, the loops have their
 * memory in common. Inputs: `loop` int64 [], which of the loops; `images` uint8 [images, ...imageShape] or `prepared`
 * float32 [steps, batchSize, ...imageShape], `labels` uint8 [images], `rows` int32 [steps, batchSize], masks uint8
 * [steps, batchSize, ...], `steps` int64 [], the state. Outputs of a loop that runs: each figure, shape [steps, ...],
 * and the state after the last iteration, where that moves; of the others, something empty.
 */
export function loopsGraph(options: LoopsOptions): Graph {
  const { imageShape, prepared, masks, state, settings, loops } = options;
  const graph = new Graph();
  graph.input(names.loop, [], 'int64');
  if (prepared) graph.input(names.prepared, ['steps', 'batch', ...imageShape], 'float32');
  else graph.input(names.images, ['images', ...imageShape], 'uint8');
  for (const [name, shape] of Object.entries(masks))
    graph.input(names.mask(name), ['steps', 'batch', ...shape], 'uint8');
  graph.input(names.labels, ['images'], 'uint8');
  graph.input(names.rows, ['steps', 'batch'], 'int32');
  graph.input(names.steps, [], 'int64');
  for (const [path, shape] of Object.entries(state)) graph.input(path, stacked(shape, settings), 'float32');

  for (const [i, [name, loop]] of Object.entries(loops).entries()) {
    const chosen = loopGraph(name, loop, options);
    const skipped = new Graph(`${name}/skipped/`);
    const nothing = skipped.constant([0], 'float32', new Float32Array());
    for (const output of chosen.outputs) skipped.output(`${output.name} skipped`, nothing, [0], 'float32');
    const outputs = graph.nodeWithOutputs(
      'If',
      [graph.node('Equal', [names.loop, graph.constant([], 'int64', BigInt64Array.of(BigInt(i)))])],
      chosen.outputs.length,
      { then_branch: chosen, else_branch: skipped },
    );
    for (const [k, output] of chosen.outputs.entries()) {
      graph.output(output.name.slice(chosenPrefix.length), outputs[k] ?? '', undefined, 'float32');
    }
  }
  simplify(graph);
  return graph;
}

/** Of the outputs of a branch: a graph's names and its subgraphs' must differ. */
const chosenPrefix = 'chosen ';

/** The shape of what each setting has its own of. */
export function stacked(shape: readonly number[], settings: number): readonly number[] {
  return settings === 1 ? shape : [settings, ...shape];
}

/** The branch that runs a loop. */
function loopGraph(loop: string, { moves, ...options }: LoopOptions, all: LoopsOptions): Graph {
  const { settings } = all;
  const graph = new Graph(`${loop}/`);
  const traced = options.bodies.map((body) => iterationOf(loop, body, { moves, ...options }, all));
  const iteration = settings === 1 ? traced[0]! : merged(traced, { moves, ...options }, all);
  const carried = (moves ? Object.entries(all.state) : []).map(([path, shape]) => ({
    first: path,
    before: `${iteration.prefix}${path}`,
    after: `${iteration.prefix}${names.next(loop, path)}`,
    shape: stacked(shape, settings),
  }));
  hoistCounts(iteration, graph, { steps: names.steps, index: `${iteration.prefix}index`, carried });
  removeUnused(iteration);
  const shapes = handOnAsComputed(iteration, carried);
  // Elsewhere they stay: of two Reshapes in a row, the runtime frees what the first one reads, or writes in its place.
  if (shapes.size > 0) joinReshapes(iteration);
  hoist(iteration, graph);
  const entering = carried.map(({ first, before }) => {
    const shape = shapes.get(before);
    return shape ? reshaped(graph, first, shape) : first;
  });

  const figures = iteration.outputs.slice(1 + carried.length);
  const outputs = graph.nodeWithOutputs('Loop', [names.steps, '', ...entering], carried.length + figures.length, {
    body: iteration,
  });
  const inside = iteration.prefix.length;
  const results = [
    ...carried.map(({ after, shape, before }) => [after.slice(inside), shape, shapes.has(before)] as const),
    ...figures.map(({ name, shape = [] }) => [name.slice(inside), ['steps', ...shape], false] as const),
  ];
  for (const [i, [name, shape, isReshaped]] of results.entries()) {
    const output = outputs[i] ?? '';
    graph.output(`${chosenPrefix}${name}`, isReshaped ? reshaped(graph, output, shape) : output, shape, 'float32');
  }
  simplify(graph);
  return graph;
}

/** The graph of an iteration, of one setting. */
function iterationOf(
  loop: string,
  body: Body,
  { batchSize, moves }: Omit<LoopOptions, 'bodies'>,
  { imageShape, prepared, normalisation, masks, state }: LoopsOptions,
): Graph {
  const iteration = new Graph(`${loop}/body/`);
  const inside = (name: string) => `${iteration.prefix}${name}`;
  const index = iteration.input(inside('index'), [], 'int64');
  const condition = iteration.input(inside('condition'), [], 'bool');
  const carried = moves ? Object.entries(state) : [];
  for (const [path, shape] of carried) iteration.input(inside(path), shape, 'float32');
  const carriedNames = new Set(carried.map(([path]) => inside(path)));
  traceBackend.trace(iteration, () => {
    const before = Object.entries(state).map(
      ([path, shape]) => [path, floats(moves ? inside(path) : path, shape)] as const,
    );
    const after = body(
      Object.fromEntries(before),
      batchOf(iteration, index, { imageShape, batchSize, prepared, normalisation, masks }),
    );
    iteration.output(inside('go on'), condition, [], 'bool');
    for (const [path, shape] of carried) {
      const moved = traceBackend.value(tensorOf(after.state ?? {}, path));
      // What was another path's before the step is copied: of a single step, the runtime would read it where it has already
      // written that path's next value.
      const another = carriedNames.has(moved) && moved !== inside(path);
      const own = another ? iteration.node('Max', [moved]) : moved;
      iteration.output(inside(names.next(loop, path)), own, shape, 'float32');
    }
    for (const [name, figure] of Object.entries(after.figures)) {
      iteration.output(inside(names.figure(loop, name)), traceBackend.value(figure), figure.shape, 'float32');
    }
  });
  simplify(iteration);
  return iteration;
}

/** The iterations of all settings as one; a single one is the same for all but in the state. */
function merged(traced: readonly Graph[], { batchSize, moves }: LoopOptions, options: LoopsOptions): Graph {
  const { imageShape, masks, state, settings } = options;
  const [first] = traced as readonly [Graph, ...Graph[]];
  const one = (shape: readonly number[]) => ({ shape, many: false });
  const graphs = traced.length === 1 ? Array<Graph>(settings).fill(first) : traced;
  const iteration = merge(graphs, {
    ...Object.fromEntries(first.inputs.map(({ name }) => [name, one([])])),
    ...Object.fromEntries(
      Object.entries(state).map(([path, shape]) => [moves ? `${first.prefix}${path}` : path, { shape, many: true }]),
    ),
    [names.images]: one([0, ...imageShape]),
    [names.prepared]: one([0, batchSize, ...imageShape]),
    [names.labels]: one([0]),
    [names.rows]: one([0, batchSize]),
    ...Object.fromEntries(
      Object.entries(masks).map(([name, shape]) => [names.mask(name), one([0, batchSize, ...shape])]),
    ),
  });
  simplify(iteration);
  return iteration;
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
    normalisation,
    masks,
  }: Omit<LoopsOptions, 'state' | 'settings' | 'loops'> & { readonly batchSize: number },
): Batch {
  const gather = (from: string, indices: string) => graph.node('Gather', [from, indices], { axis: 0 });
  const cast = (bytes: string, type: 'float32' | 'int32') => graph.node('Cast', [bytes], { to: elementTypes[type] });
  // The inputs serve batches of every size; here it is known.
  const sized = (value: string, shape: readonly number[]) =>
    graph.node('Reshape', [value, graph.integers([batchSize, ...shape])]);
  const rows = gather(names.rows, index);
  // Of all iterations at once, before the loop.
  const classes = cast(gather(names.labels, names.rows), 'int32');
  const images = prepared
    ? sized(gather(names.prepared, index), imageShape)
    : normal(graph, gather(names.images, rows), normalisation);
  return {
    images: floats(images, [batchSize, ...imageShape]),
    labels: traceBackend.tensor(gather(classes, index), [batchSize], 'int32') as Tensor1D,
    masks: Object.fromEntries(
      Object.entries(masks).map(([name, shape]) => [
        name,
        floats(cast(sized(gather(names.mask(name), index), shape), 'float32'), [batchSize, ...shape]),
      ]),
    ),
  };
}

/**
 * (p/255 − mean)/std as a product and a sum, of which the largest error is two thirds of that of torchvision's three
 * operations in float32. Bytes that are normalised a batch at a time are quicker to gather than normalised numbers.
 */
export function normal(graph: Graph, bytes: string, { mean, std }: Pick<Dataset, 'mean' | 'std'>): string {
  const figures = (values: number[]) =>
    graph.constant(values.length > 1 ? [values.length] : [], 'float32', Float32Array.from(values));
  const scale = figures(std.map((deviation) => 1 / (255 * deviation)));
  const offset = figures(std.map((deviation, channel) => -(mean[channel] ?? 0) / deviation));
  return graph.node('Add', [graph.node('DequantizeLinear', [bytes, scale], { axis: -1 }), offset]);
}
