import { sizeOf } from '../../data/dataset.js';
import type { Graph, Node } from '../onnx/graph.js';
import type { Shapes } from '../onnx/loop.js';

/*
 * A rule's arithmetic is the same for every parameter, and a network has dozens of them: done one by one, it is most of a
 * step's dispatches. Here what the state has for every parameter is one array, a family: `parameters`, `rule/q`, and each
 * operation on all parameters is one on the whole array. The rules are not written again: the pass finds in the graph the
 * nodes that do the same for all.
 */

/** Numbers in a block. A parameter begins with a block of its own, and its last is filled up with zeros. */
const blockSize = 256;

/** Where the parameters are in a family's array, [blocks, 256]. */
export interface Layout {
  readonly parameters: readonly Segment[];
  readonly blocks: number;
  readonly families: readonly Family[];
}

interface Segment {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** Its first block, and how many it has. */
  readonly first: number;
  readonly count: number;
}

export interface Family {
  /** The path of its first member, with a star in place of the parameter's name: `rule/q/*`. */
  readonly name: string;
  /** The paths of what it has of each parameter. */
  readonly members: readonly string[];
}

/**
 * The layout of a state, by the parameters' shapes and the state's by path. What has a parameter's name in its path and its
 * shape is of that parameter, and the k-th such of each parameter are a family.
 */
export function layoutOf(shapes: Shapes, parameters: Shapes): Layout {
  let blocks = 0;
  const segments = Object.entries(parameters).map(([name, shape]) => {
    const size = sizeOf(shape);
    const [first, count] = [blocks, Math.ceil(size / blockSize)];
    blocks += count;
    return { name, shape, size, first, count };
  });
  const paths = segments.map(({ name, shape }) =>
    Object.keys(shapes).filter((path) => path.split('/').includes(name) && shapes[path]!.join() === shape.join()),
  );
  const families = Array.from({ length: Math.min(...paths.map(({ length }) => length)) }, (_, k) => {
    const members = paths.map((own) => own[k]!);
    const parts = members[0]!.split('/').map((part) => (part === segments[0]!.name ? '*' : part));
    return { name: parts.join('/'), members };
  });
  return { parameters: segments, blocks, families };
}

/** The shapes of a state in families; what belongs to none stays. */
export function packedShapes(shapes: Shapes, { families, blocks }: Layout): Shapes {
  const members = new Set(families.flatMap((family) => family.members));
  return {
    ...Object.fromEntries(Object.entries(shapes).filter(([path]) => !members.has(path))),
    ...Object.fromEntries(families.map(({ name }) => [name, [blocks, blockSize]])),
  };
}

/** A state's arrays by path, in families. */
export function packed(arrays: Arrays, { families, parameters, blocks }: Layout): Arrays {
  const rest = { ...arrays };
  const whole: Record<string, Float32Array> = {};
  for (const { name, members } of families) {
    const values = new Float32Array(blocks * blockSize);
    for (const [i, { first }] of parameters.entries()) values.set(arrays[members[i]!]!, first * blockSize);
    whole[name] = values;
    for (const path of members) delete rest[path];
  }
  return { ...rest, ...whole };
}

/** The arrays by path of a state in families; they may share the families' memory. */
export function unpacked(arrays: Arrays, { families, parameters }: Layout): Arrays {
  const members = families.flatMap(({ name, members }) =>
    parameters.map(({ first, size }, i) => {
      return [members[i]!, arrays[name]!.subarray(first * blockSize, first * blockSize + size)] as const;
    }),
  );
  return { ...arrays, ...Object.fromEntries(members) };
}

type Arrays = Readonly<Record<string, Float32Array>>;

/** What an operation does with numbers in the same place, and only with them. */
const elementwise = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'Sum', 'Abs', 'Exp', 'Log', 'Neg', 'Reciprocal', 'Relu', 'Sqrt'],
  ...['Tanh', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal', 'And', 'Or', 'Not', 'Where', 'Cast'],
]);
const logical = new Set(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal', 'And', 'Or', 'Not']);

/**
 * Rewrites a simplified graph whose inputs, and outputs by `nextOf(path)`, are a state's, so that they are its families'.
 *
 * @returns values [parameters] whose numbers go one by one into chains of operations on single numbers: α's, where it moves
 * at each parameter in turn. `forProcessor` takes them on from there.
 */
export function packGraph(graph: Graph, layout: Layout, nextOf: (path: string) => string): string[] {
  const { parameters, blocks, families } = layout;
  const shapes = new Map(graph.shapes);
  for (const { name, shape } of graph.outputs) shapes.set(name, shape as number[]);
  const producers = producersIn(graph);
  const memberOf = new Map(
    families.flatMap((family) => family.members.map((path, i) => [path, { family, i }] as const)),
  );
  const shapeOf = (value: string) => shapes.get(value) ?? graph.constants.get(value)?.shape;
  const fits = (value: string, i: number) => shapeOf(value)?.join() === parameters[i]!.shape.join();
  const isNumber = (value: string) => shapeOf(value)?.length === 0;
  const list = (...sizes: number[]) => graph.integers(sizes);

  const known = new Map<string, string | undefined>();
  /** The array of a value of each parameter, [blocks, 256]; where the values are numbers, one, or [blocks, 1]. */
  function pack(names: readonly string[]): string | undefined {
    const values = names.map(copied);
    const key = values.join('\n');
    if (!known.has(key)) known.set(key, likewise(values) ?? sideBySide(values));
    return known.get(key);
  }

  /** What a value is a copy of: one that is two of the next state's is, once. */
  function copied(value: string): string {
    const { type, inputs: [source = ''] } = producers.get(value) ?? { type: '', inputs: [] }; // prettier-ignore
    return type === 'Identity' ? copied(source) : value;
  }

  function likewise(values: readonly string[]): string | undefined {
    const [first = ''] = values;
    if (values.every(isNumber)) return values.every((value) => value === first) ? first : ofBlocks(values);
    if (!values.every(fits)) return undefined;
    const member = memberOf.get(first);
    if (member?.family.members.join() === values.join()) return member.family.name;
    const nodes = values.map((value) => producers.get(value));
    const [node] = nodes;
    const alike = (other: Node | undefined) =>
      other?.type === node?.type &&
      other?.inputs.length === node?.inputs.length &&
      JSON.stringify(other?.attributes) === JSON.stringify(node?.attributes);
    if (!node || !elementwise.has(node.type) || !nodes.every(alike)) return undefined;
    const inputs = node.inputs.map((_, position) => pack(nodes.map((each) => each!.inputs[position]!)));
    if (inputs.includes(undefined)) return undefined;
    return graph.node(node.type, inputs as string[], node.attributes);
  }

  /** A number of each parameter, for all of its blocks. */
  function ofBlocks(values: readonly string[]): string {
    const rows = values.map((value) => graph.node('Reshape', [value, list(1, 1)]));
    const owner = Int32Array.from(parameters.flatMap(({ count }, i) => Array<number>(count).fill(i)));
    return gather(graph.node('Concat', rows, { axis: 0 }), [blocks], owner);
  }

  /** Values that are made in different ways, such as gradients. */
  function sideBySide(values: readonly string[]): string | undefined {
    const canBe = (value: string, i: number) => fits(value, i) && !logical.has(producers.get(value)?.type ?? '');
    if (!values.every(canBe)) return undefined;
    const parts = values.flatMap((value, i) => {
      const { size, count } = parameters[i]!;
      const part = graph.node('Reshape', [value, list(size)]);
      const missing = count * blockSize - size;
      return missing === 0 ? [part] : [part, graph.constant([missing], 'float32', new Float32Array(missing))];
    });
    return graph.node('Reshape', [graph.node('Concat', parts, { axis: 0 }), list(blocks, blockSize)]);
  }

  function gather(from: string, shape: readonly number[], places: Int32Array): string {
    return graph.node('Gather', [from, graph.constant(shape, 'int32', places)], { axis: 0 });
  }

  /** Zeros where a block is filled up: what a rule makes of zeros there may be infinite, or no number. */
  function withoutFilling(whole: string): string {
    const sizes = parameters.flatMap(({ size, count }) =>
      Array.from({ length: count }, (_, k) => Math.min(size - k * blockSize, blockSize)),
    );
    const places = Float32Array.from({ length: blockSize }, (_, place) => place);
    const own = graph.node('Less', [
      graph.constant([1, blockSize], 'float32', places),
      graph.constant([blocks, 1], 'float32', Float32Array.from(sizes)),
    ]);
    return graph.node('Where', [own, whole, graph.float(0)]);
  }

  /** Of numbers for each block, [blocks], the sums over each parameter's, [parameters]. */
  function sumsOfParameters(sums: string): string {
    // A row for each parameter, filled up with a number that is zero.
    const width = Math.max(...parameters.map(({ count }) => count));
    const places = new Int32Array(parameters.length * width).fill(blocks);
    for (const [i, { first, count }] of parameters.entries()) {
      for (let k = 0; k < count; k++) places[i * width + k] = first + k;
    }
    const withZero = graph.node('Concat', [sums, graph.constant([1], 'float32', new Float32Array(1))], { axis: 0 });
    const rows = gather(withZero, [parameters.length, width], places);
    return graph.node('ReduceSum', [rows, list(1)], { keepdims: 0 });
  }

  const renamed = new Map<string, string>();
  const columns: string[] = [];
  for (const sums of sumsOfAll(graph, layout, { memberOf, shapes })) {
    const whole = pack(sums.map(({ summed }) => summed));
    if (whole === undefined) continue;
    const ofEachBlock = graph.node('ReduceSum', [withoutFilling(whole), list(1)], { keepdims: 0 });
    const names = sums.map(({ sum }) => sum);
    const total = totalOf(graph, names);
    if (total !== undefined) {
      renamed.set(total, graph.node('ReduceSum', [ofEachBlock, list(0)], { keepdims: 0 }));
      continue;
    }
    const column = sumsOfParameters(ofEachBlock);
    columns.push(column);
    for (const [i, sum] of names.entries()) {
      const one = graph.node('Slice', [column, list(i), list(i + 1), list(0)]);
      renamed.set(sum, graph.node('Reshape', [one, list()]));
    }
  }

  const apart = new Set(families.flatMap(({ members }) => members.map(nextOf)));
  const moving = graph.outputs.some(({ name }) => apart.has(name));
  for (const { name, members } of moving ? families : []) {
    const whole = pack(members.map(nextOf));
    if (whole === undefined) throw new Error(`${name} is not of its parameters' shapes`);
    graph.output(nextOf(name), whole, [blocks, blockSize], 'float32');
  }
  remove(graph.outputs, ({ name }) => apart.has(name));
  graph.nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => renamed.get(name) ?? name) }));

  // Whatever else reads a member takes it out of its family's array.
  remove(graph.inputs, ({ name }) => memberOf.has(name));
  const cuts: Node[] = [];
  for (const { name, members } of families) {
    graph.input(name, [blocks, blockSize], 'float32');
    const flat = graph.node('Reshape', [name, list(blocks * blockSize)]);
    for (const [i, { shape, size, first }] of parameters.entries()) {
      const start = first * blockSize;
      const part = graph.node('Slice', [flat, list(start), list(start + size), list(0)]);
      const inputs = [part, list(...shape)];
      cuts.push({ type: 'Reshape', domain: '', inputs, outputs: [members[i]!], attributes: {} });
    }
  }
  graph.nodes = sorted([...graph.nodes, ...cuts]);
  return columns;
}

/**
 * The names of the nodes that compute on single numbers of the state and of `columns` alone. They are for the processor: to a
 * card each is a dispatch, and α with the order `reference` takes a dozen of them for every parameter.
 */
export function forProcessor(graph: Graph, columns: readonly string[]): { nodes: Set<Node>; values: Set<string> } {
  const numbers = graph.inputs.filter(({ shape }) => shape?.length === 0).map(({ name }) => name);
  const values = new Set([...columns, ...numbers]);
  const types = new Set([...elementwise, 'Slice', 'Reshape', 'Concat', 'Identity']);
  const nodes = graph.nodes.filter(({ type, inputs, outputs }) => {
    const own = inputs.some((name) => values.has(name));
    if (!own || !types.has(type) || !inputs.every((name) => values.has(name) || graph.constants.has(name)))
      return false;
    for (const output of outputs) values.add(output);
    return true;
  });
  return { nodes: new Set(nodes), values };
}

interface Member {
  readonly family: Family;
  /** Which parameter it is of. */
  readonly i: number;
}

interface SumOfOne {
  /** The sum's name, and that of what is summed. */
  readonly sum: string;
  readonly summed: string;
}

/** Sums over a parameter of something that has to do with it, where every parameter has such a one, in their order. */
function sumsOfAll(
  graph: Graph,
  { parameters }: Layout,
  {
    memberOf,
    shapes,
  }: {
    readonly memberOf: ReadonlyMap<string, Member>;
    readonly shapes: ReadonlyMap<string, readonly number[]>;
  },
): SumOfOne[][] {
  const producers = producersIn(graph);
  /** The families' members that a value is made of within a few operations. */
  function madeOf(value: string, depth: number): Member[] {
    const member = memberOf.get(value);
    if (member) return [member];
    const node = producers.get(value);
    if (!node || depth === 0 || !elementwise.has(node.type)) return [];
    return node.inputs.flatMap((input) => madeOf(input, depth - 1));
  }

  const groups = new Map<string, SumOfOne[]>();
  for (const { type, inputs, outputs } of graph.nodes) {
    const [sum = ''] = outputs;
    if (type !== 'ReduceSum' || shapes.get(sum)?.length !== 0) continue;
    let [summed = ''] = inputs;
    const inner = producers.get(summed);
    // Over all axes of several in two stages.
    if (inner?.type === 'ReduceSum' && !shapes.has(summed)) summed = inner.inputs[0] ?? '';
    const members = madeOf(summed, 3);
    const [{ i } = { i: -1 }] = members;
    if (i < 0 || shapes.get(summed)?.join() !== parameters[i]!.shape.join()) continue;
    const key = members.map(({ family }) => family.name).join();
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group[i] ??= { sum, summed };
  }
  return [...groups.values()].filter((group) => parameters.every((_, i) => group[i] !== undefined));
}

/** The Sum of just these, which nothing else uses. */
function totalOf(graph: Graph, names: readonly string[]): string | undefined {
  const wanted = new Set(names);
  const users = graph.nodes.filter(({ inputs }) => inputs.some((name) => wanted.has(name)));
  const [total] = users;
  if (users.length !== 1 || total?.type !== 'Sum' || total.inputs.length !== names.length) return undefined;
  return total.inputs.every((name) => wanted.has(name)) ? total.outputs[0] : undefined;
}

/** Each node after those that make what it reads. */
function sorted(nodes: readonly Node[]): Node[] {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const order = new Set<Node>();
  const open = new Set<Node>();
  function visit(node: Node): void {
    if (order.has(node)) return;
    if (open.has(node)) throw new Error(`what ${node.outputs[0]} needs is made of it`);
    open.add(node);
    for (const name of node.inputs) {
      const producer = producers.get(name);
      if (producer) visit(producer);
    }
    order.add(node);
  }
  nodes.forEach(visit);
  return [...order];
}

function producersIn(graph: Graph): Map<string, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
}

function remove<T>(list: T[], unwanted: (item: T) => boolean): void {
  list.splice(0, list.length, ...list.filter((item) => !unwanted(item)));
}
