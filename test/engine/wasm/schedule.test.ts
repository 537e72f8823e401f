import { add, matMul, mul, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { traceBackend } from '../../../src/engine/onnx/backend.js';
import { Graph } from '../../../src/engine/onnx/graph.js';
import '../../../src/engine/onnx/kernels.js';
import { simplify } from '../../../src/engine/onnx/simplify.js';
import { operationsOf } from '../../../src/engine/wasm/operations.js';
import { schedule } from '../../../src/engine/wasm/schedule.js';

type Named = Readonly<Record<string, Tensor>>;

/** The kernels of a step on matrices [8, 8], and which of the next values lie where the last ones did. */
function scheduled(paths: readonly string[], step: (state: Named) => Named) {
  const graph = new Graph('', true);
  traceBackend.trace(graph, () => {
    const tensor = (path: string) => traceBackend.tensor(graph.input(path, [8, 8], 'float32'), [8, 8], 'float32');
    const after = step(Object.fromEntries(paths.map((path) => [path, tensor(path)])));
    for (const path of paths) graph.output(`next ${path}`, traceBackend.value(after[path]!), [8, 8], 'float32');
  });
  simplify(graph);
  const { operations, inputs, outputs } = operationsOf(graph, new Set());
  const carried = paths.map((path) => ({ before: inputs[path]!, after: outputs[`next ${path}`]! }));
  const { kernels, places } = schedule(operations, carried);
  return {
    kernels: kernels.map((kernel) => [kernel.kind, ...kernel.operations.map(({ type }) => type)].join(' ')),
    inPlace: paths.filter((path) =>
      kernels
        .flatMap(({ operations: all }) => all)
        .some(({ type, outputs: made }) => type !== 'Copy' && made.some((value) => places.get(value) === inputs[path])),
    ),
  };
}

it('computes in one sweep what is of one row, and writes it in place', () => {
  const { kernels, inPlace } = scheduled(['m', 'x'], ({ m, x }) => {
    const moved = add(mul(m!, 0.9), x!);
    return { m: moved, x: sub(x!, mul(moved, 0.1)) };
  });
  expect(kernels).toEqual(['sweep Mul Add Mul Sub']);
  expect(inPlace).toEqual(['m', 'x']);
});

it('computes what is made of the state alone where it is read, beyond a sum or a product', () => {
  const { kernels } = scheduled(['x', 'y'], ({ x, y }) => {
    const decay = mul(y!, 0.5);
    const product = matMul(x!, y!);
    return { x: add(product, decay), y: mul(y!, sum(product)) };
  });
  expect(kernels).toEqual(['product Product', 'sweep Mul Add SumOfAll', 'own Add', 'sweep Mul']);
});

it('does not overwrite what is read later', () => {
  const { kernels, inPlace } = scheduled(['x', 'y'], ({ x, y }) => ({ x: mul(x!, 2), y: matMul(x!, y!) }));
  expect(kernels).toEqual(['sweep Mul', 'product Product', 'sweep Copy Copy']);
  expect(inPlace).toEqual([]);
});

it('swaps two values', () => {
  const { kernels, inPlace } = scheduled(['x', 'y'], ({ x, y }) => ({ x: y!, y: x! }));
  expect(kernels).toEqual(['sweep Copy Copy']);
  expect(inPlace).toEqual([]);
});
