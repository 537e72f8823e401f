import { matMul } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { traceBackend } from '../../../src/engine/onnx/backend.js';
import { Graph } from '../../../src/engine/onnx/graph.js';
import '../../../src/engine/onnx/kernels.js';
import { encodeModel } from '../../../src/engine/onnx/proto.js';
import { InferenceSession, Tensor } from '../../../src/engine/onnx/runtime.js';
import { lower } from '../../../src/engine/webgpu/lower.js';
import { mt19937 } from '../../../src/random/mt19937.js';

/** aᵀ·b of a [rows, 3] and b [rows, 2], lowered. */
function product(rows: number): Graph {
  const graph = new Graph();
  traceBackend.trace(graph, () => {
    const [a, b] = (['a', 'b'] as const).map((name, i) => {
      const shape = [rows, 3 - i] as [number, number];
      return traceBackend.tensor(graph.input(name, shape, 'float32'), shape, 'float32');
    });
    graph.output('c', traceBackend.value(matMul(a!, b!, true, false)), [3, 2], 'float32');
  });
  lower(graph);
  return graph;
}

it.each([
  [1000, ['Gemm']],
  // 3 · 2¹⁰ is cut into parts of 768; an odd number is not cut.
  [3072, ['Reshape', 'Reshape', 'Transpose', 'MatMul', 'ReduceSum']],
  [3073, ['Gemm']],
])('a product over %i rows is added up in parts of at most 1024', async (rows, types) => {
  const graph = product(rows);
  expect(graph.nodes.map(({ type }) => type)).toEqual([...types, 'Identity']);
  const source = mt19937(1);
  const [a, b] = [3, 2].map((columns) => Float32Array.from({ length: rows * columns }, () => source.next() / 2 ** 32));
  const session = await InferenceSession.create(encodeModel(graph), { logSeverityLevel: 3 });
  const { c } = await session.run({ a: new Tensor('float32', a!, [rows, 3]), b: new Tensor('float32', b!, [rows, 2]) });
  await session.release();
  for (let i = 0; i < 6; i++) {
    let exact = 0;
    for (let row = 0; row < rows; row++) exact += a![3 * row + (i >> 1)]! * b![2 * row + (i & 1)]!;
    expect((c!.data as Float32Array)[i]! / exact - 1).toBeCloseTo(0, 5);
  }
});
