import { Graph, type Constant, type Node } from './graph.js';
import { reshaped } from './reshape.js';
import { large } from './wide.js';

/*
 * Programs of several settings, traced each by itself, are one graph but for the numbers in it. Here they become one that
 * computes all settings at once, as JAX's vmap would: what differs between them gets an axis of the settings.
 */

/** A value of the merged graph. */
interface Value {
  readonly name: string;
  /** In one setting. */
  readonly shape: readonly number[];
  /**
   * Its axes as they are stored, behind that of the settings; undefined where it is the same for all, without such an axis
   * and stored as its shape is.
   */
  readonly order: readonly number[] | undefined;
  readonly constant?: Constant;
  /** What it is the product of, number by number. */
  readonly factors?: readonly Value[];
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
    return { name, shape: leaf.shape, order: leaf.many ? axesOf(leaf.shape) : undefined };
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
      return { name: this.graph.constant(shape, type, bytes), shape, order: undefined, constant: first };
    }
    const all = Uint8Array.from(Buffer.concat(each.map((other) => other.bytes)));
    return { name: this.graph.constant([this.count, ...shape], type, all), shape, order: axesOf(shape) };
  }

  /** The value as it broadcasts with one whose axes are stored in this order; those it lacks are its first, of size 1. */
  placed({ name, shape, order: stored }: Value, order: readonly number[]): string {
    const lacking = order.length - shape.length;
    const sizes = [...ones(lacking), ...shape];
    if (stored === undefined && (sizeOf(shape) === 1 || isSame(order, axesOf(order)))) return name;
    const settings = stored === undefined ? [] : [this.count];
    const before = [...axesOf(ones(lacking)), ...(stored ?? axesOf(shape)).map((axis) => axis + lacking)];
    if (lacking === 0 && isSame(before, order)) return name;
    const laidOut = (axes: readonly number[]) => [...settings, ...axes.map((axis) => sizes[axis]!)];
    // To move an axis of size 1 is to count the same numbers otherwise.
    const long = (axes: readonly number[]) => axes.filter((axis) => sizes[axis] !== 1);
    if (isSame(long(before), long(order))) return this.reshaped(name, laidOut(order));
    const whole = lacking === 0 ? name : this.reshaped(name, laidOut(before));
    const perm = order.map((axis) => settings.length + before.indexOf(axis));
    return this.graph.node('Transpose', [whole], { perm: [...settings.keys(), ...perm] });
  }

  /** [settings, ...shape], also of what is the same for all. */
  leading(value: Value): string {
    if (value.order !== undefined) return this.placed(value, axesOf(value.shape));
    return this.graph.node('Expand', [value.name, this.graph.integers([this.count, ...value.shape])]);
  }

  reshaped(name: string, shape: readonly number[]): string {
    return reshaped(this.graph, name, shape);
  }
}

function axesOf(shape: readonly unknown[]): number[] {
  return [...shape.keys()];
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.join() === b.join();
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
  const [largest] = inputs.filter(({ order }) => order !== undefined).sort((a, b) => sizeOf(b.shape) - sizeOf(a.shape));
  if (!largest) {
    const names = inputs.map(({ name }) => name);
    return { name: again(settings, node, names), shape, order: undefined };
  }
  // The largest stays as it is.
  const lacking = shape.length - largest.shape.length;
  const order = [...axesOf(ones(lacking)), ...largest.order!.map((axis) => axis + lacking)];
  const names = inputs.map((input) => settings.placed(input, order));
  return { name: again(settings, node, names), shape, order };
};

const multiplication: Rule = (settings, node, inputs) => ({ ...elementwise(settings, node, inputs), factors: inputs });

const addition: Rule = (settings, node, [a, b]) =>
  plusScaled(settings, b!, a!) ?? plusScaled(settings, a!, b!) ?? elementwise(settings, node, [a!, b!]);

const subtraction: Rule = (settings, node, [a, b]) =>
  plusScaled(settings, a!, b!, (weight) => elementwise(settings, negative, [weight])) ??
  elementwise(settings, node, [a!, b!]);

const negative: Node = { type: 'Neg', domain: '', inputs: [], outputs: [], attributes: {} };

/**
 * x + weight·y in one pass, where both are large and the weight is a number, the same for all or each setting's: a convolution
 * of one channel, or of as many groups as there are settings; else undefined (wide.ts tells why).
 */
function plusScaled(
  settings: Settings,
  x: Value,
  product: Value,
  weighted: (weight: Value) => Value = (weight) => weight,
): Value | undefined {
  const { shape, order, factors = [] } = product;
  const weight = factors.find((factor) => sizeOf(factor.shape) === 1);
  const y = factors.find((factor) => factor !== weight);
  if (!weight || !y || ![x, y].every((each) => isLarge(settings, each) && isSame(each.shape, shape))) return undefined;
  if (![x, y].every((each) => isSame(each.order!, order!))) return undefined;
  const { count, graph } = settings;
  const stored = [count, ...order!.map((axis) => shape[axis]!)];
  const groups = weight.order === undefined ? 1 : count;
  const image = ({ name }: Value) =>
    settings.reshaped(name, [1, groups, sizeOf(stored) / groups / stored.at(-1)!, stored.at(-1)!]);
  const kernels = settings.reshaped(weighted(weight).name, [groups, 1, 1, 1]);
  const to = image(x);
  const sum = graph.node('FusedConv', [image(y), kernels, '', to], { group: groups }, 'com.microsoft');
  graph.shapes.set(sum, graph.shapes.get(to)!);
  return { name: settings.reshaped(sum, stored), shape, order };
}

function isLarge({ count }: Settings, { shape, order }: Value): boolean {
  return order !== undefined && shape.length > 0 && count * sizeOf(shape) >= large;
}

/** Axes come as a list in the second input. */
const reduction: Rule = (settings, node, [x, list]) => {
  const axes = integersOf(list!);
  const kept = Boolean(node.attributes.keepdims);
  const shape = x!.shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : kept ? [1] : []));
  if (x!.order === undefined) return { name: again(settings, node, [x!.name, list!.name]), shape, order: undefined };
  const order = kept ? x!.order : x!.order.filter((axis) => !axes.includes(axis)).map((axis) => without(axes, axis));
  const over = settings.graph.integers(axes.map((axis) => 1 + x!.order!.indexOf(axis)));
  return { name: again(settings, node, [x!.name, over]), shape, order };
};

/** An axis where these are no more. */
function without(axes: readonly number[], axis: number): number {
  return axis - axes.filter((gone) => gone < axis).length;
}

const argMax: Rule = (settings, node, [x]) => {
  const axis = node.attributes.axis as number;
  const shape = x!.shape.toSpliced(axis, 1);
  if (x!.order === undefined) return { name: again(settings, node, [x!.name]), shape, order: undefined };
  const attributes = { ...node.attributes, axis: 1 + x!.order.indexOf(axis) };
  const order = x!.order.filter((each) => each !== axis).map((each) => without([axis], each));
  return { name: again(settings, { ...node, attributes }, [x!.name]), shape, order };
};

const reshape: Rule = (settings, node, [x, list]) => {
  const shape = integersOf(list!);
  if (x!.order === undefined) return { name: again(settings, node, [x!.name, list!.name]), shape, order: undefined };
  return { name: settings.reshaped(settings.leading(x!), [settings.count, ...shape]), shape, order: axesOf(shape) };
};

const expand: Rule = (settings, node, [x, list]) => {
  const shape = integersOf(list!);
  if (x!.order === undefined) return { name: again(settings, node, [x!.name, list!.name]), shape, order: undefined };
  const sizes = settings.graph.integers([settings.count, ...shape]);
  return { name: again(settings, node, [settings.placed(x!, axesOf(shape)), sizes]), shape, order: axesOf(shape) };
};

const gather: Rule = (settings, node, [from, rows]) => ({
  name: again(settings, node, [sameForAll(from!, node), sameForAll(rows!, node)]),
  shape: [...rows!.shape, ...from!.shape.slice(1)],
  order: undefined,
});

/**
 * A·B + C. Where one of the factors is the same for all, as the images are, it is one product with the others side by side:
 * the rows of what each setting has of its own are the rows of one matrix. So the logits of a mini-batch are stored with the
 * images last, along which sums over classes and what is broadcast over them are fast.
 */
const product: Rule = (settings, node, [a, b, c]) => {
  const [transA, transB] = [Boolean(node.attributes.transA), Boolean(node.attributes.transB)];
  const [m = 1, k = 1] = transA ? a!.shape.toReversed() : a!.shape;
  const n = b!.shape[transB ? 0 : 1] ?? 1;
  const shape = [m, n];
  const { graph, count } = settings;
  const times = (left: string, right: string, transposed: boolean, ...more: string[]) =>
    graph.node('Gemm', [left, right, ...more], { transA: 0, transB: Number(transposed) });
  const plusC = (value: Value) => (c ? elementwise(settings, sum, [value, c]) : value);

  if (a!.order === undefined && b!.order === undefined) {
    const within = c?.order === undefined && c ? [c.name] : [];
    const value = { name: again(settings, node, [a!.name, b!.name, ...within]), shape, order: undefined };
    return within.length > 0 ? value : plusC(value);
  }
  if (a!.order === undefined) {
    const rows = settings.reshaped(settings.placed(b!, transB ? [0, 1] : [1, 0]), [count * n, k]);
    const bias = c?.order !== undefined && isSame(c.shape, [n]) ? [settings.reshaped(c.name, [count * n, 1])] : [];
    const name = settings.reshaped(times(rows, a!.name, !transA, ...bias), [count, n, m]);
    const value = { name, shape, order: [1, 0] };
    return bias.length > 0 ? value : plusC(value);
  }
  if (b!.order === undefined) {
    const rows = settings.reshaped(settings.placed(a!, transA ? [1, 0] : [0, 1]), [count * m, k]);
    return plusC({ name: settings.reshaped(times(rows, b!.name, transB), [count, m, n]), shape, order: [0, 1] });
  }
  // Whether each is stored transposed to how it multiplies; what A has last, as the images, stays last.
  const [left, right] = [transA !== isSame(a!.order, [1, 0]), transB !== isSame(b!.order, [1, 0])];
  const fused = (names: string[], first: boolean, second: boolean) =>
    graph.node('FusedMatMul', names, { transA: Number(first), transB: Number(second) }, 'com.microsoft');
  if (left) return plusC({ name: fused([b!.name, a!.name], !right, !left), shape, order: [1, 0] });
  return plusC({ name: fused([a!.name, b!.name], left, right), shape, order: [0, 1] });
};

const sum: Node = { type: 'Add', domain: '', inputs: [], outputs: [], attributes: {} };

/** A product of stacks of matrices, where the settings are one more of their axes. */
const stackedProduct: Rule = (settings, node, [a, b]) => {
  const { transA = 0, transB = 0 } = node.attributes;
  const [m = 1, n = 1] = [a!.shape.at(transA ? -1 : -2), b!.shape.at(transB ? -2 : -1)];
  const shape = [...broadcast([a!.shape.slice(0, -2), b!.shape.slice(0, -2)]), m, n];
  const many = a!.order !== undefined || b!.order !== undefined;
  const names = [a!, b!].map((each) => settings.placed(each, axesOf(shape)));
  return { name: again(settings, node, names), shape, order: many ? axesOf(shape) : undefined };
};

const elementwiseTypes = [
  ...['Div', 'Max', 'Min', 'Pow', 'Sum', 'Where', 'And', 'Or', 'Not', 'Cast', 'Identity'],
  ...['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'],
  ...['Abs', 'Exp', 'Log', 'Neg', 'Reciprocal', 'Relu', 'Sqrt', 'Tanh', 'DequantizeLinear'],
];

/** By the type of the node. */
const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(elementwiseTypes.map((type) => [type, elementwise])),
  Add: addition,
  Sub: subtraction,
  Mul: multiplication,
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

function sameForAll({ name, order }: Value, { type }: Node): string {
  if (order === undefined) return name;
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
