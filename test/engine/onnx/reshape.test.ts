import { expect, it } from 'vitest';
import { Graph } from '../../../src/engine/onnx/graph.js';
import { handOnAsComputed, joinReshapes, reshaped } from '../../../src/engine/onnx/reshape.js';
import { simplify } from '../../../src/engine/onnx/simplify.js';

/** x ← 2·x, computed as [1, 6], of an x that is [2, 3]; and a figure that reads the new x as it is declared. */
function body(): Graph {
  const graph = new Graph('body/');
  const x = graph.input('x', [2, 3], 'float32');
  const flat = reshaped(graph, x, [1, 6]);
  const twice = graph.node('Mul', [flat, graph.float(2)]);
  graph.shapes.set(twice, [1, 6]);
  const next = reshaped(graph, twice, [2, 3]);
  graph.output('next', next, [2, 3], 'float32');
  graph.output('rows', graph.node('ReduceSum', [next, graph.integers([1])], { keepdims: 0 }), [2], 'float32');
  simplify(graph);
  return graph;
}

it('what a loop hands on is handed on in the shape that it is computed in, so that no Reshape copies it', () => {
  const graph = body();
  expect(handOnAsComputed(graph, [{ before: 'x', after: 'next' }])).toEqual(new Map([['x', [1, 6]]]));
  joinReshapes(graph);
  expect(graph.inputs.map(({ name, shape }) => [name, shape])).toEqual([['x', [1, 6]]]);
  expect(graph.outputs.map(({ name, shape }) => [name, shape])).toEqual([
    ['next', [1, 6]],
    ['rows', [2]],
  ]);
  const steps = graph.nodes.map(({ type, inputs, outputs }) => [type, inputs[0], outputs[0]]);
  expect(steps).toContainEqual(['Mul', 'x', 'next']);
  // The figure goes on reading [2, 3].
  expect(steps).toContainEqual(['Reshape', 'next', 'next as declared']);
  expect(steps).toContainEqual(['ReduceSum', 'next as declared', 'rows']);
});

it('what is computed as it is declared is left as it is', () => {
  const graph = new Graph('body/');
  const x = graph.input('x', [2, 3], 'float32');
  graph.output('next', graph.node('Mul', [x, graph.float(2)]), [2, 3], 'float32');
  simplify(graph);
  const before = structuredClone(graph.nodes);
  expect(handOnAsComputed(graph, [{ before: 'x', after: 'next' }]).size).toBe(0);
  joinReshapes(graph);
  expect(graph.nodes).toEqual(before);
});
