import type { Tensor } from '@tensorflow/tfjs';
import { traceBackend } from '../../../src/engine/onnx/backend.js';
import { Graph } from '../../../src/engine/onnx/graph.js';
import '../../../src/engine/onnx/kernels.js';
import { simplify } from '../../../src/engine/onnx/simplify.js';
import { compile, names } from '../../../src/engine/wasm/compile.js';
import { readPlaced, writePlaced } from '../../../src/engine/wasm/memory.js';
import { startThreads } from '../../../src/engine/wasm/threads.js';
import type { Numbers } from '../numbers.js';

/** Traces a function of float32 tensors, compiles it as a step that has the inputs and the result for its state, and runs that. */
export async function computed(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Numbers[]): Promise<Numbers> {
  const graph = new Graph('', true);
  let shape: readonly number[] = [];
  traceBackend.trace(graph, () => {
    graph.input(names.images, [1, 4], 'float32');
    graph.input(names.labels, [1], 'int32');
    const output = f(
      ...inputs.map(({ shape }, i) => traceBackend.tensor(graph.input(`in${i}`, shape, 'float32'), shape, 'float32')),
    );
    ({ shape } = output);
    graph.input('out', shape, 'float32');
    graph.output(names.next('out'), traceBackend.value(output), shape, 'float32');
  });
  simplify(graph);
  const compiled = compile({
    loops: { f: { batchSize: 1, graph } },
    state: [...inputs.map((_, i) => `in${i}`), 'out'],
    normalisation: { mean: [0], std: [1] },
    rowsACall: 1,
  });
  const running = await startThreads(compiled, compiled.end + 1024, undefined);
  for (const [i, { values }] of inputs.entries()) {
    writePlaced(running.memory, compiled.state[`in${i}`]!, Float32Array.from(values));
  }
  running.run('f', 1, compiled.end, compiled.end);
  const values = [...readPlaced(running.memory, compiled.state.out!)];
  await running.end();
  return { shape, values };
}
