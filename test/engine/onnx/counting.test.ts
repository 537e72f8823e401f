import { expect, it } from 'vitest';
import { normalised } from '../../../src/data/normalise.js';
import { hoistCounts } from '../../../src/engine/onnx/counting.js';
import { Graph } from '../../../src/engine/onnx/graph.js';
import { normal } from '../../../src/engine/onnx/loop.js';
import { encodeModel } from '../../../src/engine/onnx/proto.js';
import { InferenceSession, Tensor } from '../../../src/engine/onnx/runtime.js';
import { hoist, removeUnused, simplify } from '../../../src/engine/onnx/simplify.js';

/** A loop that adds 1/(1 − 0.9ᵗ) up, where t counts the iterations from 3 on: t and the sum are carried, of one setting or of many. */
function counting(hoisted: boolean, shape: readonly number[]) {
  const graph = new Graph();
  const body = new Graph('body/');
  graph.input('steps', [], 'int64');
  for (const name of ['t', 'sum']) graph.input(name, shape, 'float32');
  body.input('index', [], 'int64');
  body.input('condition', [], 'bool');
  for (const name of ['body/t', 'body/sum']) body.input(name, shape, 'float32');
  const t = body.node('Add', ['body/t', body.float(1)]);
  const power = body.node('Exp', [body.node('Mul', [t, body.float(Math.log(0.9))])]);
  const term = body.node('Div', [body.float(1), body.node('Sub', [body.float(1), power])]);
  body.output('go on', 'condition', [], 'bool');
  body.output('next/t', t, shape, 'float32');
  body.output('next/sum', body.node('Add', ['body/sum', term]), shape, 'float32');
  body.output('term', term, shape, 'float32');
  simplify(body);
  const carried = ['t', 'sum'].map((name) => ({ before: `body/${name}`, after: `next/${name}`, first: name, shape }));
  if (hoisted) hoistCounts(body, graph, { steps: 'steps', index: 'index', carried });
  removeUnused(body);
  hoist(body, graph);
  const outputs = graph.nodeWithOutputs('Loop', ['steps', '', 't', 'sum'], 3, { body });
  for (const [i, name] of ['last t', 'last sum', 'terms'].entries()) {
    graph.output(name, outputs[i]!, undefined, 'float32');
  }
  return { graph, body };
}

async function run(graph: Graph, feeds: Record<string, Tensor>): Promise<Record<string, number[]>> {
  const session = await InferenceSession.create(encodeModel(graph), { logSeverityLevel: 3 });
  const outputs = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
  );
}

it.each([0, 1, 5].flatMap((steps) => [[], [3]].map((shape) => [steps, shape] as const)))(
  'what a loop computes of its count alone is computed before it, bit for bit: %i steps, shape [%s]',
  async (steps, shape) => {
    const [usual, hoisted] = [counting(false, shape), counting(true, shape)];
    expect(hoisted.body.nodes.map(({ type }) => type)).toEqual(['Gather', 'Gather', 'Identity', 'Add']);
    expect(usual.body.nodes).toHaveLength(7);
    const all = (value: number) => Array<number>(shape[0] ?? 1).fill(value);
    const feeds = {
      steps: new Tensor('int64', BigInt64Array.of(BigInt(steps)), []),
      t: new Tensor('float32', Float32Array.from(all(3)), shape),
      sum: new Tensor('float32', Float32Array.from(all(0)), shape),
    };
    const results = await run(hoisted.graph, feeds);
    expect(results['last t']).toEqual(all(3 + steps));
    expect(results).toEqual(await run(usual.graph, feeds));
  },
);

it('bytes are normalised nearer to float64 than by three operations of float32', async () => {
  const pixels = Uint8Array.from({ length: 256 }, (_, i) => i);
  const normalisation = { mean: [0.1307, 0.5], std: [0.3081, 0.25] };
  const graph = new Graph();
  graph.input('bytes', [256, 2], 'uint8');
  graph.output('out', normal(graph, 'bytes', normalisation), [256, 2], 'float32');
  const both = Uint8Array.from({ length: 512 }, (_, i) => i >> 1);
  const { out } = await run(graph, { bytes: new Tensor('uint8', both, [256, 2]) });
  const [mean, std] = [0.1307, 0.3081];
  const error = (values: readonly number[]) =>
    Math.max(...values.map((value, pixel) => Math.abs(value - (pixel / 255 - mean) / std)));
  const ours = error(out!.filter((_, i) => i % 2 === 0));
  expect(ours).toBeLessThan(2e-7);
  expect(ours).toBeLessThan(error([...normalised(pixels, { mean: [mean], std: [std] })]));
  expect(out![2 * 255 + 1]).toBeCloseTo(2, 6);
});
