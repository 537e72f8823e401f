import { InferenceSession, Tensor as OrtTensor } from '../../../src/engine/onnx/runtime.js';
import type { Tensor } from '@tensorflow/tfjs';
import { traceBackend } from '../../../src/engine/onnx/backend.js';
import { Graph } from '../../../src/engine/onnx/graph.js';
import '../../../src/engine/onnx/kernels.js';
import { encodeModel } from '../../../src/engine/onnx/proto.js';
import { simplify } from '../../../src/engine/onnx/simplify.js';
import type { Numbers } from '../numbers.js';

/** Traces a function of float32 tensors; `simplified` as the engine does. */
export function traced(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Numbers[],
  { simplified = true } = {},
): Graph {
  const graph = new Graph();
  traceBackend.trace(graph, () => {
    const output = f(
      ...inputs.map(({ shape }, i) => traceBackend.tensor(graph.input(`in${i}`, shape, 'float32'), shape, 'float32')),
    );
    const type = output.dtype === 'bool' || output.dtype === 'int32' ? output.dtype : 'float32';
    graph.output('out', traceBackend.value(output), output.shape, type);
  });
  if (simplified) simplify(graph);
  return graph;
}

/** Traces a function and runs the graph in ONNX Runtime. */
export async function computed(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Numbers[]): Promise<Numbers> {
  const session = await InferenceSession.create(encodeModel(traced(f, inputs)), { logSeverityLevel: 3 });
  const feeds = inputs.map(
    ({ shape, values }, i) => [`in${i}`, new OrtTensor('float32', Float32Array.from(values), shape)] as const,
  );
  const { out } = await session.run(Object.fromEntries(feeds));
  const result = { shape: out?.dims ?? [], values: Array.from((out?.data ?? []) as Float32Array, Number) };
  await session.release();
  return result;
}
