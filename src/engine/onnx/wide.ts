import { util, type TensorInfo } from '@tensorflow/tfjs-core';
import { traceBackend } from './backend.js';
import type { Graph } from './graph.js';

/*
 * ONNX Runtime's element-wise operators take four numbers at a time, one operator a pass over memory. Its convolution adds
 * into its last input: of one channel and one weight w it is w·x + y in one pass, eight numbers at a time and in place of y,
 * rounded as the product and the sum are. A batched product of rows with rows is a dot product without a temporary.
 */

/** Tensors of fewer elements gain less than the operators around a convolution cost. */
export const large = 1 << 16;

/** The shape in which a parameter is stored: a large one as an image of one channel, [1, 1, rows, columns]. */
export function storedShape(shape: readonly number[]): readonly number[] {
  const size = util.sizeFromShape([...shape]);
  const [rows = 1] = shape;
  return shape.length > 1 && size >= large ? [1, 1, rows, size / rows] : shape;
}

/** A value of the graph, and its shape. */
interface Factor {
  readonly value: string;
  readonly shape: readonly number[];
}

/** The factors of the products that each graph holds. */
const products = new WeakMap<Graph, Map<string, readonly [Factor, Factor]>>();

/** Remembers that a value is a·b. */
export function noteProduct(value: string, a: TensorInfo, b: TensorInfo): void {
  const { graph } = traceBackend;
  const known = products.get(graph) ?? new Map<string, readonly [Factor, Factor]>();
  products.set(graph, known.set(value, [factor(a), factor(b)]));
}

/** a + b in one pass, where one of them is a large image times a number; else undefined. */
export function sumInPlace(a: TensorInfo, b: TensorInfo): string | undefined {
  return plusScaled(b, a) ?? plusScaled(a, b);
}

/** a − b in one pass, where b is a large image times a number; else undefined. */
export function differenceInPlace(a: TensorInfo, b: TensorInfo): string | undefined {
  return plusScaled(a, b, (weight) => traceBackend.graph.node('Neg', [weight]));
}

/** sum + product in one pass, where the product is a large image times a number, here `weight` of that; else undefined. */
function plusScaled(
  sum: TensorInfo,
  product: TensorInfo,
  weighted: (weight: string) => string = (weight) => weight,
): string | undefined {
  if (!isWide(sum.shape) || sum.shape.join() !== product.shape.join()) return undefined;
  const { graph } = traceBackend;
  const [x, y] = products.get(graph)?.get(traceBackend.value(product)) ?? [];
  const [image, weight] = x?.shape.length === 0 ? [y, x] : [x, y];
  if (!image || weight?.shape.length !== 0) return undefined;
  const kernel = graph.node('Reshape', [weighted(weight.value), graph.integers([1, 1, 1, 1])]);
  return graph.node('FusedConv', [image.value, kernel, '', traceBackend.value(sum)], {}, 'com.microsoft');
}

/** The sum of all elements of x, where x is the product of two large images: their dot product; else undefined. */
export function dotProduct(x: TensorInfo): string | undefined {
  if (!isWide(x.shape)) return undefined;
  const { graph } = traceBackend;
  const factors = products.get(graph)?.get(traceBackend.value(x));
  if (!factors?.every(({ shape }) => shape.join() === x.shape.join())) return undefined;
  const [, , rows = 1, columns = 1] = x.shape;
  const inputs = factors.map(({ value }) => graph.node('Reshape', [value, graph.integers([rows, 1, columns])]));
  const shares = graph.node('FusedMatMul', inputs, { transA: 0, transB: 1 }, 'com.microsoft');
  return graph.node('ReduceSum', [shares, graph.integers([0, 1, 2])], { keepdims: 0 });
}

function isWide(shape: readonly number[]): boolean {
  return shape.length === 4 && shape[0] === 1 && shape[1] === 1 && util.sizeFromShape([...shape]) >= large;
}

function factor(tensor: TensorInfo): Factor {
  return { value: traceBackend.value(tensor), shape: tensor.shape };
}
