import { Graph, type Constant, type Node } from './graph.js';

/*
 * Programs of several settings, traced each by itself, are one graph but for the numbers in it. Here they become one that
 * computes all settings at once, as JAX's vmap would: what differs between them gets an axis of the settings.
 */

/** A value of the merged graph. */
interface Value {
  readonly name: string;
  /** In one setting. */
  readonly shape: readonly number[];
  /** How many of its axes stand after the settings' axis; undefined where it is the same for all, without such an axis. */
  readonly after: number | undefined;
  readonly constant?: Constant;
}

/** A value from outside of the graphs. */
export interface Leaf {
  readonly shape: readonly number[];
  /** Whether each setting has its own: then the merged graph's is [settings, ...shape]. */
  readonly many: boolean;
}

/**
 * Merges graphs that differ in nothing but the values of constants. A value of the merged graph stands for one value of each:
 * it is found from the outputs on, so that it does not matter where a graph has one node for two that happen to agree in it.
 * Outputs of float32 are [settings, ...shape], others the same for all. No operation adds up over the settings, so that a
 * NaN stays in its own.
 *
 * @param leaves what the graphs read that none of their nodes computes, their inputs included.
 */
export function merge(graphs: readonly Graph[], leaves: Readonly<Record<string, Leaf>>): Graph {
  const [first] = graphs as readonly [Graph, ...Graph[]];
  const merged = new Graph(first.prefix);
  const settings = new Settings(merged, graphs.length);
  const producers = graphs.map(
    ({ nodes }) => new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const))),
  );
  const known = new Map<string, Value>();

  function valueOf(names: readonly string[]): Value {
    const key = names.join('\n');
    const found = known.get(key) ?? computed(names);
    known.set(key, found);
    return found;
  }

  function computed(names: readonly string[]): Value {
    const [name = ''] = names;
    const constants = names.flatMap((each, i) => graphs[i]?.constants.get(each) ?? []);
    const nodes = names.flatMap((each, i) => producers[i]?.get(each) ?? []);
    const leaf = leaves[name];
    if (constants.length === graphs.length) return settings.constant(constants);
    if (nodes.length === graphs.length) return apply(settings, alike(nodes), inputsOf(nodes));
    if (!leaf || names.some((each) => each !== name)) throw new Error(`the graphs of the settings differ at ${name}`);
    return { name, shape: leaf.shape, after: leaf.many ? leaf.shape.length : undefined };
  }

  function inputsOf(nodes: readonly Node[]): Value[] {
    return nodes[0]!.inputs.map((_, k) => valueOf(nodes.map(({ inputs }) => inputs[k] ?? '')));
  }

  for (const { name, shape = [], type } of first.inputs) {
    merged.input(name, leaves[name]?.many ? [graphs.length, ...shape] : shape, type);
  }
  for (const { name, shape, type } of first.outputs) {
    const value = valueOf(graphs.map(() => name));
    if (type !== 'float32') merged.output(name, value.name, shape, type);
    else merged.output(name, settings.leading(value), [graphs.length, ...value.shape], type);
  }
  return merged;
}

function alike(nodes: readonly Node[]): Node {
  const [first] = nodes as readonly [Node, ...Node[]];
  const kind = ({ type, domain, inputs, outputs, attributes }: Node) =>
    JSON.stringify([type, domain, inputs.length, outputs.length, attributes]);
  if (nodes.some((node) => kind(node) !== kind(first)) || first.outputs.length !== 1) {
    throw new Error(`the graphs of the settings differ in a ${first.type}, or it has several outputs`);
  }
  return first;
}

/** Values of all settings in the merged graph, and where their axis stands. */
class Settings {
  constructor(
    readonly graph: Graph,
    readonly count: number,
  ) {}

  constant(each: readonly Constant[]): Value {
    const [first] = each as readonly [Constant, ...Constant[]];
    const { shape, type, bytes } = first;
    if (each.some((other) => other.type !== type || other.shape.join() !== shape.join())) {
      throw new Error('the graphs of the settings differ in the shape of a constant');
    }
    if (each.every((other) => Buffer.compare(other.bytes, bytes) === 0)) {
      return { name: this.graph.constant(shape, type, bytes), shape, after: undefined, constant: first };
    }
    const all = Uint8Array.from(Buffer.concat(each.map((other) => other.bytes)));
    return { name: this.graph.constant([this.count, ...shape], type, all), shape, after: shape.length };
  }

  /** The value with `after` axes after that of the settings: its last, or more where it is given axes of size 1. */
  placed(value: Value, after: number): string {
    const { name, shape } = value;
    if (value.after === undefined) {
      // In front of the last axes it needs one of size 1 only where it has others before.
      return shape.length > after ? this.reshaped(name, shape.toSpliced(shape.length - after, 0, 1)) : name;
    }
    if (value.after === after) return name;
    const leading = this.moved(value, shape.length);
    if (after > shape.length) return this.reshaped(leading, [this.count, ...ones(after - shape.length), ...shape]);
    return this.moved({ name: leading, shape, after: shape.length }, after);
  }

  /** [settings, ...shape], also of what is the same for all. */
  leading(value: Value): string {
    if (value.after !== undefined) return this.placed(value, value.shape.length);
    return this.graph.node('Expand', [value.name, this.graph.integers([this.count, ...value.shape])]);
  }

  reshaped(name: string, shape: readonly number[]): string {
    return this.graph.node('Reshape', [name, this.graph.integers(shape)]);
  }

  /** `after` is at most the number of its axes. */
  moved({ name, shape, after: before = 0 }: Value, after: number): string {
    if (before === after) return name;
    const from = shape.length - before;
    const others = Array.from({ length: shape.length }, (_, axis) => (axis < from ? axis : axis + 1));
    return this.graph.node('Transpose', [name], { perm: others.toSpliced(shape.length - after, 0, from) });
  }
}

function ones(count: number): number[] {
  return Array<number>(Math.max(0, count)).fill(1);
}

type Rule = (settings: Settings, node: Node, inputs: readonly Value[]) => Value;

function apply(settings: Settings, node: Node, inputs: readonly Value[]): Value {
  const rule = rules[node.type];
  if (!rule) throw new Error(`a ${node.type} cannot be computed for several settings at once`);
  return rule(settings, node, inputs);
}

function again({ graph }: Settings, { type, attributes, domain }: Node, inputs: readonly string[]): string {
  return graph.node(type, inputs, attributes, domain);
}

const elementwise: Rule = (settings, node, inputs) => {
  const shape = broadcast(inputs.map((input) => input.shape));
  const many = inputs.filter(({ after }) => after !== undefined);
  if (many.length === 0) {
    const names = inputs.map(({ name }) => name);
    return { name: again(settings, node, names), shape, after: undefined };
  }
  // To move the axis of a value that has it in front costs nothing; the others stay as they are, the largest of them does.
  const [fixed] = many
    .filter(({ after, shape }) => after! < shape.length)
    .sort((a, b) => sizeOf(b.shape) - sizeOf(a.shape));
  const after = fixed?.after ?? shape.length;
  const names = inputs.map((input) => settings.placed(input, after));
  return { name: again(settings, node, names), shape, after };
};

/** Axes come as a list in the second input. */
const reduction: Rule = (settings, node, [x, list]) => {
  const axes = integersOf(list!);
  const kept = Boolean(node.attributes.keepdims);
  const shape = x!.shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : kept ? [1] : []));
  if (x!.after === undefined) return { name: again(settings, node, [x!.name, list!.name]), shape, after: undefined };
  const before = x!.shape.length - x!.after;
  const over = settings.graph.integers(axes.map((axis) => (axis < before ? axis : axis + 1)));
  const after = kept ? x!.after : x!.after - axes.filter((axis) => axis >= before).length;
  return { name: again(settings, node, [x!.name, over]), shape, after };
};

const argMax: Rule = (settings, node, [x]) => {
  const axis = node.attributes.axis as number;
  const shape = x!.shape.toSpliced(axis, 1);
  const before = x!.shape.length - (x!.after ?? 0);
  const shifted = x!.after !== undefined && axis >= before;
  const attributes = { ...node.attributes, axis: shifted ? axis + 1 : axis };
  const after = x!.after === undefined ? undefined : x!.after - (shifted ? 1 : 0);
  return { name: again(settings, { ...node, attributes }, [x!.name]), shape, after };
};

const reshape: Rule = (settings, node, [x, list]) => {
  const shape = integersOf(list!);
  if (x!.after === undefined) return { name: again(settings, node, [x!.name, list!.name]), shape, after: undefined };
  return { name: settings.reshaped(settings.leading(x!), [settings.count, ...shape]), shape, after: shape.length };
};

const expand: Rule = (settings, node, [x, list]) => {
  const shape = integersOf(list!);
  if (x!.after === undefined) return { name: again(settings, node, [x!.name, list!.name]), shape, after: undefined };
  const sizes = settings.graph.integers([settings.count, ...shape]);
  return { name: again(settings, node, [settings.placed(x!, shape.length), sizes]), shape, after: shape.length };
};

const gather: Rule = (settings, node, [from, rows]) => ({
  name: again(settings, node, [sameForAll(from!, node), sameForAll(rows!, node)]),
  shape: [...rows!.shape, ...from!.shape.slice(1)],
  after: undefined,
});

/**
 * A·B + C. Where one of the factors is the same for all, as the images are, it is one product with the others side by
 * side, which their layout allows without a transposition if the axis of the settings stands before that which is not summed over.
 */
const product: Rule = (settings, node, [a, b, c]) => {
  const { transA = 0, transB = 0 } = node.attributes;
  const [m = 1, n = 1] = [a!.shape[transA ? 1 : 0], b!.shape[transB ? 0 : 1]];
  const shape = [m, n];
  const { graph, count } = settings;
  const bias = c?.shape.length === 1 && c.after === 1 ? settings.reshaped(c.name, [count * n]) : undefined;
  const plus = (value: Value) => (c && bias === undefined ? elementwise(settings, sum, [value, c]) : value);
  const times = (left: string, right: string, ...more: string[]) => again(settings, node, [left, right, ...more]);

  if (a!.after === undefined && b!.after === undefined) {
    const name = times(a!.name, b!.name, ...(c?.after === undefined && c ? [c.name] : []));
    const value = { name, shape, after: undefined };
    return c?.after === undefined ? value : elementwise(settings, sum, [value, c]);
  }
  if (a!.after === undefined) {
    const right = settings.placed(b!, transB ? 2 : 1);
    const [k = 1] = transB ? b!.shape.slice(1) : b!.shape;
    const flat = settings.reshaped(right, transB ? [count * n, k] : [k, count * n]);
    const wide = times(a!.name, flat, ...(bias === undefined ? [] : [bias]));
    return plus({ name: settings.reshaped(wide, [m, count, n]), shape, after: 1 });
  }
  if (b!.after === undefined) {
    const left = settings.placed(a!, transA ? 1 : 2);
    const [k = 1] = transA ? a!.shape : a!.shape.slice(1);
    const flat = settings.reshaped(left, transA ? [k, count * m] : [count * m, k]);
    const value = { name: settings.reshaped(times(flat, b!.name), [count, m, n]), shape, after: 2 };
    return c ? elementwise(settings, sum, [value, c]) : value;
  }
  const name = graph.node(
    'FusedMatMul',
    [settings.placed(a!, 2), settings.placed(b!, 2)],
    { transA, transB },
    'com.microsoft',
  );
  const value = { name, shape, after: 2 };
  return c ? elementwise(settings, sum, [value, c]) : value;
};

const sum: Node = { type: 'Add', domain: '', inputs: [], outputs: [], attributes: {} };

/** A product of stacks of matrices, where the settings are one more of their axes. */
const stackedProduct: Rule = (settings, node, [a, b]) => {
  const { transA = 0, transB = 0 } = node.attributes;
  const [m = 1, n = 1] = [a!.shape.at(transA ? -1 : -2), b!.shape.at(transB ? -2 : -1)];
  const shape = [...broadcast([a!.shape.slice(0, -2), b!.shape.slice(0, -2)]), m, n];
  const many = a!.after !== undefined || b!.after !== undefined;
  const names = [a!, b!].map((each) =>
    many && each.after !== undefined ? settings.placed(each, shape.length) : each.name,
  );
  return { name: again(settings, node, names), shape, after: many ? shape.length : undefined };
};

const elementwiseTypes = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'Sum', 'Where', 'And', 'Or', 'Not', 'Cast', 'Identity'],
  ...['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'],
  ...['Abs', 'Exp', 'Log', 'Neg', 'Reciprocal', 'Relu', 'Sqrt', 'Tanh', 'DequantizeLinear'],
];

/** By the type of the node. */
const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(elementwiseTypes.map((type) => [type, elementwise])),
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ArgMax: argMax,
  Reshape: reshape,
  Expand: expand,
  Gather: gather,
  Gemm: product,
  MatMul: stackedProduct,
  FusedMatMul: stackedProduct,
};

function sameForAll({ name, after }: Value, { type }: Node): string {
  if (after === undefined) return name;
  throw new Error(`a ${type} of values that differ between the settings is not known`);
}

function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const padded = shapes.map((shape) => [...ones(rank - shape.length), ...shape]);
  return Array.from({ length: rank }, (_, axis) =>
    padded.reduce((size, shape) => (size === 1 ? shape[axis]! : size), 1),
  );
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The numbers of a constant list: axes, sizes. */
function integersOf({ constant }: Value): number[] {
  if (!constant) throw new Error('a list of axes or sizes must be a constant');
  const { bytes, type } = constant;
  const { buffer } = Uint8Array.from(bytes);
  return type === 'int64' ? Array.from(new BigInt64Array(buffer), Number) : Array.from(new Int32Array(buffer));
}
