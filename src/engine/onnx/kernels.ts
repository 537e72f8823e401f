import {
  backend_util,
  registerKernel,
  slice_util,
  util,
  type DataType,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { backendName, elementType, traceBackend } from './backend.js';
import { elementTypes, type Node } from './graph.js';
import { differenceInPlace, dotProduct, noteProduct, sumInPlace } from './wide.js';

/*
 * tfjs kernels that append ONNX nodes. Shapes are static: the graph has them written into it.
 */

// Arithmetic with broadcasting.
for (const [kernel, type] of Object.entries({
  RealDiv: 'Div',
  Maximum: 'Max',
  Minimum: 'Min',
  Pow: 'Pow',
})) {
  binary(kernel, type, (dtype) => dtype);
}

kernelOf('Add', ({ a, b }) => {
  const sum = sumInPlace(a, b);
  return sum === undefined ? elementwise('Add', a, b, a.dtype) : info(sum, a.shape, a.dtype);
});

kernelOf('Sub', ({ a, b }) => {
  const difference = differenceInPlace(a, b);
  return difference === undefined ? elementwise('Sub', a, b, a.dtype) : info(difference, a.shape, a.dtype);
});

kernelOf('Multiply', ({ a, b }) => {
  const product = elementwise('Mul', a, b, a.dtype);
  noteProduct(value(product), a, b);
  return product;
});

for (const [kernel, type] of Object.entries({
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  Equal: 'Equal',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
})) {
  binary(kernel, type, () => 'bool');
}

for (const [kernel, type] of Object.entries({
  Abs: 'Abs',
  Exp: 'Exp',
  Log: 'Log',
  LogicalNot: 'Not',
  Neg: 'Neg',
  Reciprocal: 'Reciprocal',
  Relu: 'Relu',
  Sqrt: 'Sqrt',
  Tanh: 'Tanh',
})) {
  kernelOf(kernel, ({ x }) => info(node(type, [x]), x.shape, x.dtype));
}

kernelOf('Square', ({ x }) => info(node('Mul', [x, x]), x.shape, x.dtype));

// ONNX has no Expm1; in float64 the difference leaves all of float32's digits.
kernelOf('Expm1', ({ x }) => {
  const { graph } = traceBackend;
  const cast = (name: string, to: 'float64' | 'float32') => graph.node('Cast', [name], { to: elementTypes[to] });
  const one = graph.constant([], 'float64', Float64Array.of(1));
  const difference = graph.node('Sub', [graph.node('Exp', [cast(value(x), 'float64')]), one]);
  return info(cast(difference, 'float32'), x.shape, x.dtype);
});

kernelOf('Select', ({ condition, t, e }) => info(node('Where', [condition, t, e]), t.shape, t.dtype));

kernelOf('PadV2', ({ x }, { paddings, constantValue }) => {
  const { graph } = traceBackend;
  const [before, after] = [0, 1].map((side) => (paddings as number[][]).map((pair) => pair[side] ?? 0)) as [
    number[],
    number[],
  ];
  const padded = graph.node('Pad', [
    value(x),
    graph.integers([...before, ...after]),
    graph.float(constantValue as number),
  ]);
  return info(
    padded,
    x.shape.map((size, axis) => size + (before[axis] ?? 0) + (after[axis] ?? 0)),
    x.dtype,
  );
});

kernelOf('Slice', ({ x }, { begin, size }) => {
  const { graph } = traceBackend;
  const [starts = [], sizes = []] = slice_util.parseSliceParams(x, begin as number[], size as number[]);
  const cut = x.shape.flatMap((length, axis) => (sizes[axis] === length ? [] : [axis]));
  if (cut.length === 0) return traceBackend.alias(x, x.shape);
  const ends = starts.map((start, axis) => start + (sizes[axis] ?? 0));
  const of = (list: readonly number[]) => graph.integers(cut.map((axis) => list[axis] ?? 0));
  return info(graph.node('Slice', [value(x), of(starts), of(ends), graph.integers(cut)]), sizes, x.dtype);
});

kernelOf('Concat', (inputs, { axis }) => {
  const parts = Object.values(inputs);
  const shape = backend_util.computeOutShape(
    parts.map((part) => part.shape),
    axis as number,
  );
  return info(node('Concat', parts, { axis: axis as number }), shape, parts[0]?.dtype ?? 'float32');
});

kernelOf('SplitV', ({ x }, { numOrSizeSplits, axis }) => {
  const { graph } = traceBackend;
  const along = util.parseAxisParam(axis as number, x.shape)[0] ?? 0;
  const sizes = backend_util.prepareSplitSize(x, numOrSizeSplits as number | number[], along);
  const parts = graph.nodeWithOutputs('Split', [value(x), graph.integers(sizes)], sizes.length, { axis: along });
  return parts.map((part, i) => info(part, x.shape.with(along, sizes[i] ?? 0), x.dtype));
});

kernelOf('AddN', (inputs) => {
  const terms = Object.values(inputs);
  return info(node('Sum', terms), terms[0]?.shape ?? [], terms[0]?.dtype ?? 'float32');
});

// 1 where x > 0; ReLU's gradient. Cast(Greater) is quicker than Where or Sign.
kernelOf('Step', ({ x }, { alpha }) => {
  if (alpha) throw new Error('Step with a slope is not traced');
  const { graph } = traceBackend;
  const positive = graph.node('Greater', [value(x), graph.float(0)]);
  return info(graph.node('Cast', [positive], { to: elementTypes.float32 }), x.shape, 'float32');
});

kernelOf('Identity', ({ x }) => traceBackend.alias(x, x.shape));

kernelOf('Cast', ({ x }, { dtype }) => {
  if (dtype === x.dtype) return traceBackend.alias(x, x.shape);
  const to = elementTypes[elementType(dtype as DataType)];
  return info(node('Cast', [x], { to }), x.shape, dtype as DataType);
});

kernelOf('Reshape', ({ x }, { shape }) =>
  reshaped(x, util.inferFromImplicitShape(shape as number[], util.sizeFromShape(x.shape))),
);

kernelOf('ExpandDims', ({ input }, { dim }) => {
  const axis = (dim as number) < 0 ? input.shape.length + 1 + (dim as number) : (dim as number);
  return reshaped(input, input.shape.toSpliced(axis, 0, 1));
});

kernelOf('Transpose', ({ x }, { perm }) => {
  const order = perm as number[];
  return info(
    node('Transpose', [x], { perm: order }),
    order.map((axis) => x.shape[axis] ?? 1),
    x.dtype,
  );
});

for (const [kernel, type] of Object.entries({ Sum: 'ReduceSum', Mean: 'ReduceMean', Max: 'ReduceMax' })) {
  kernelOf(kernel, ({ x }, attributes) => {
    const axes = util.parseAxisParam((attributes.axis ?? attributes.reductionIndices) as number[], x.shape);
    const keepDims = Boolean(attributes.keepDims);
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const shape = keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
    return axes.length === 0 ? traceBackend.alias(x, shape) : info(reduced(type, x, axes, keepDims), shape, x.dtype);
  });
}

// The first of several largest, as in tfjs.
kernelOf('ArgMax', ({ x }, { axis }) => {
  const along = util.parseAxisParam(axis as number, x.shape)[0] ?? 0;
  const index = node('ArgMax', [x], { axis: along, keepdims: 0 });
  const cast = traceBackend.graph.node('Cast', [index], { to: elementTypes.int32 });
  return info(cast, x.shape.toSpliced(along, 1), 'int32');
});

kernelOf('BatchMatMul', ({ a, b }, { transposeA, transposeB }) => {
  const [rows, columns] = [a.shape.at(transposeA ? -1 : -2) ?? 1, b.shape.at(transposeB ? -2 : -1) ?? 1];
  const transpose = { transA: Number(transposeA), transB: Number(transposeB) };
  const batch = backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, rows, columns];
  if (batch.length === 0) return info(node('Gemm', [a, b], transpose), shape, a.dtype);
  if (!transposeA && !transposeB) return info(node('MatMul', [a, b]), shape, a.dtype);
  return info(traceBackend.graph.node('FusedMatMul', [value(a), value(b)], transpose, 'com.microsoft'), shape, a.dtype);
});

// Rows of a small table, which are quicker to fetch than ONNX Runtime's OneHot is.
kernelOf('OneHot', ({ indices }, { depth, onValue, offValue, dtype }) => {
  const { graph } = traceBackend;
  const classes = depth as number;
  const table = new Float32Array(classes * classes).fill(offValue as number);
  for (let i = 0; i < classes; i++) table[i * classes + i] = onValue as number;
  const hot = graph.node('Gather', [graph.constant([classes, classes], 'float32', table), value(indices)], { axis: 0 });
  return info(castFromFloat(hot, dtype as DataType), [...indices.shape, classes], dtype as DataType);
});

kernelOf('Fill', (_, { shape, value: fill, dtype }) =>
  filled(fill as number, shape as number[], (dtype as DataType | undefined) ?? 'float32'),
);
kernelOf('ZerosLike', ({ x }) => filled(0, x.shape, x.dtype));
kernelOf('OnesLike', ({ x }) => filled(1, x.shape, x.dtype));

type Inputs = Record<string, TensorInfo> & {
  x: TensorInfo;
  a: TensorInfo;
  b: TensorInfo;
  input: TensorInfo;
  indices: TensorInfo;
  condition: TensorInfo;
  t: TensorInfo;
  e: TensorInfo;
};

function kernelOf(
  kernelName: string,
  f: (inputs: Inputs, attributes: NamedAttrMap) => TensorInfo | TensorInfo[],
): void {
  registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
      f(inputs as Inputs, attrs ?? {}),
  });
}

function binary(kernel: string, type: string, resultType: (dtype: DataType) => DataType): void {
  kernelOf(kernel, ({ a, b }) => elementwise(type, a, b, resultType(a.dtype)));
}

function elementwise(type: string, a: TensorInfo, b: TensorInfo, dtype: DataType): TensorInfo {
  return info(node(type, [a, b]), backend_util.assertAndGetBroadcastShape(a.shape, b.shape), dtype);
}

function node(type: string, inputs: readonly TensorInfo[], attributes: Node['attributes'] = {}): string {
  return traceBackend.graph.node(type, inputs.map(value), attributes);
}

function value(tensor: TensorInfo): string {
  return traceBackend.value(tensor);
}

function info(name: string, shape: readonly number[], dtype: DataType): TensorInfo {
  return traceBackend.info(name, shape, dtype);
}

function reshaped(x: TensorInfo, shape: readonly number[]): TensorInfo {
  if (shape.join() === x.shape.join()) return traceBackend.alias(x, shape);
  const { graph } = traceBackend;
  return info(graph.node('Reshape', [value(x), graph.integers(shape)]), shape, x.dtype);
}

/** ONNX Runtime reduces the first axis of a tall matrix slowly; a product with a row of ones does the same. */
const tall = 1024;

/** A reduction; over all of a matrix in two stages, of which ONNX Runtime spreads the first over threads. */
function reduced(type: string, x: TensorInfo, axes: readonly number[], keepDims: boolean): string {
  const { graph } = traceBackend;
  const reduce = (input: string, over: readonly number[]) =>
    graph.node(type, [input, graph.integers(over)], { keepdims: Number(keepDims) });
  if (graph.plain) return reduce(value(x), axes);
  const [rows = 1, columns = 1] = x.shape;
  if (x.shape.length === 2 && axes.join() === '0' && rows >= tall && columns > 1 && !keepDims && type !== 'ReduceMax') {
    const parts = partsOf(rows);
    const weight = graph.float(type === 'ReduceMean' ? 1 / rows : 1);
    const weights = graph.node('Expand', [weight, graph.integers([1, rows / parts])]);
    const cut = graph.node('Reshape', [value(x), graph.integers([parts, rows / parts, columns])]);
    return graph.node('ReduceSum', [graph.node('MatMul', [weights, cut]), graph.integers([0, 1])], { keepdims: 0 });
  }
  const dot = type === 'ReduceSum' && axes.length === x.shape.length && !keepDims ? dotProduct(x) : undefined;
  if (dot !== undefined) return dot;
  if (axes.length < 2 || axes.length < x.shape.length || keepDims) return reduce(value(x), axes);
  return reduce(reduce(value(x), [axes.length - 1]), axes.slice(0, -1));
}

/** Into how many equal parts to cut rows, so that threads can share them. */
function partsOf(rows: number): number {
  let parts = 1;
  while (rows % (2 * parts) === 0 && rows / (2 * parts) >= tall) parts *= 2;
  return parts;
}

function filled(fill: number, shape: readonly number[], dtype: DataType): TensorInfo {
  const { graph } = traceBackend;
  const scalar = castFromFloat(graph.float(fill), dtype);
  return info(shape.length === 0 ? scalar : graph.node('Expand', [scalar, graph.integers(shape)]), shape, dtype);
}

function castFromFloat(name: string, dtype: DataType): string {
  const type = elementType(dtype);
  return type === 'float32' ? name : traceBackend.graph.node('Cast', [name], { to: elementTypes[type] });
}
