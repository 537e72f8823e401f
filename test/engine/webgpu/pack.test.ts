import { expect, it } from 'vitest';
import { initialState, mapValues } from '../../../src/engine/initial_state.js';
import { encodeModel, nodeName } from '../../../src/engine/onnx/proto.js';
import { InferenceSession, Tensor } from '../../../src/engine/onnx/runtime.js';
import { layoutOf, packed, packedShapes, unpacked, type Layout } from '../../../src/engine/webgpu/pack.js';
import { names, stepGraph } from '../../../src/engine/webgpu/step.js';
import { program } from '../../../src/engine/program.js';
import { initLinear, linear } from '../../../src/models/linear.js';
import type { Model } from '../../../src/models/model.js';
import { vggModel } from '../../../src/models/vgg.js';
import { columnLayers } from '../../../src/models/layers/columns.js';
import { updateRule } from '../../../src/methods/rule.js';
import { methods, type Method } from '../../../src/methods/table.js';
import { mt19937 } from '../../../src/random/mt19937.js';
import { relu, reshape } from '@tensorflow/tfjs-core';
import { flatten, unflatten } from '../../../src/tensors.js';
import { datasetOf, randomImages } from '../../images.js';

const shapes = {
  'parameters/a': [3, 100],
  'parameters/b': [7],
  'rule/of/a/q': [3, 100],
  'rule/of/a/t': [],
  'rule/of/b/q': [7],
  'rule/of/b/t': [],
};
const layout = layoutOf(shapes, { a: [3, 100], b: [7] });

it('a family begins each parameter with a block of its own', () => {
  expect(layout.families).toEqual([
    { name: 'parameters/*', members: ['parameters/a', 'parameters/b'] },
    { name: 'rule/of/*/q', members: ['rule/of/a/q', 'rule/of/b/q'] },
  ]);
  expect(packedShapes(shapes, layout)).toEqual({
    ...{ 'rule/of/a/t': [], 'rule/of/b/t': [] },
    ...{ 'parameters/*': [3, 256], 'rule/of/*/q': [3, 256] },
  });
  const arrays = mapValues(shapes, (shape, path) =>
    Float32Array.from({ length: shape.reduce((size, n) => size * n, 1) }, (_, i) => path.length + i),
  );
  const inFamilies = packed(arrays, layout);
  expect(Object.keys(inFamilies).toSorted()).toEqual(Object.keys(packedShapes(shapes, layout)).toSorted());
  expect([255, 256, 299, 300, 511, 512].map((i) => inFamilies['parameters/*']![i])).toEqual([267, 268, 311, 0, 0, 12]);
  expect(unpacked(inFamilies, layout)).toMatchObject(arrays);
});

const batchSize = 8;
const model: Model = {
  validationBatch: 20,
  init: (source) => ({
    parameters: { ...initLinear(source, 'lin1', 36, 12), ...initLinear(source, 'lin2', 12, 10) },
    buffers: {},
  }),
  forward: ({ parameters, buffers }, x) => ({
    logits: linear(parameters, 'lin2', relu(linear(parameters, 'lin1', reshape(x, [-1, 36])))),
    buffers,
  }),
};

/** The graph of a step, what the state is before the first, and where its members are. */
async function stepOf(method: Method, trained: Model, imageShape: readonly number[], inFamilies: boolean) {
  const traced = program({
    dataset: datasetOf(imageShape, randomImages(batchSize, imageShape, 3)),
    model: trained,
    rule: updateRule(method, { alpha0: 0.01, beta: 1e-4, mu: 0.9, weightDecay: 1e-3 }),
    variables: trained.init(mt19937(1)),
    batchSizes: [batchSize],
  });
  const { tree, arrays } = await initialState(traced);
  const state = mapValues(arrays, ({ shape }) => shape);
  const whole = layoutOf(
    state,
    mapValues(traced.variables.parameters, ({ shape }) => shape),
  );
  const own: Layout = inFamilies ? whole : { ...whole, families: [] };
  const step = stepGraph({
    imageShape,
    batchSize,
    masks: traced.masks,
    state,
    layout: own,
    body(tensors, batch) {
      const next = traced.step(unflatten(tree, tensors), batch, columnLayers);
      return { state: flatten(next.state), figures: flatten(next.figures) };
    },
  });
  return { ...step, shapes: packedShapes(state, own), arrays: mapValues(arrays, ({ values }) => values), layout: own };
}

/** The state by path after some steps of the graph, on the processor; and what a card would have to do in a step. */
async function after(method: Method, steps: number, inFamilies: boolean) {
  const { graph, onProcessor, shapes, arrays, layout } = await stepOf(method, model, [6, 6], inFamilies);
  const session = await InferenceSession.create(encodeModel(graph), { logSeverityLevel: 3 });
  const first = packed(arrays, layout);
  let tensors: Record<string, Tensor> = mapValues(shapes, (shape, path) => new Tensor('float32', first[path]!, shape));
  for (let step = 0; step < steps; step++) {
    const source = mt19937(step);
    const pixels = Float32Array.from({ length: batchSize * 36 }, () => source.next() / 2 ** 32);
    const labels = Int32Array.from({ length: batchSize }, (_, i) => i);
    const outputs = await session.run({
      ...tensors,
      [names.images]: new Tensor('float32', pixels, [batchSize, 6, 6]),
      [names.labels]: new Tensor('int32', labels, [batchSize]),
    });
    tensors = mapValues(tensors, (_, path) => outputs[names.next(path)]!);
  }
  await session.release();
  return {
    state: unpacked(
      mapValues(tensors, ({ data }) => data as Float32Array),
      layout,
    ),
    dispatches: graph.nodes.filter((node) => node.type !== 'Reshape' && !onProcessor.has(node)).length,
  };
}

it.each([...methods])('%s: a step on families is the step on parameters', async (method) => {
  const one = await after(method, 3, false);
  const all = await after(method, 3, true);
  expect(all.dispatches).toBeLessThan((method === 'adam_hd' ? 0.6 : 1) * one.dispatches);
  for (const [path, expected] of Object.entries(one.state)) {
    // The sums that h is are taken in another order; what is left over by rounding is noise.
    if (path.endsWith('/low')) continue;
    const size = Math.max(...expected.map(Math.abs));
    for (const [i, value] of all.state[path]!.entries())
      expect(Math.abs(value - expected[i]!), path).toBeLessThanOrEqual(2e-6 * size);
  }
});

it.each(['adam_hd', 'adam_hd_layers', 'ldog'] as const)(
  "%s: VGG19's list of nodes for the processor is taken",
  async (method) => {
    const convolutions = [2, 2, 4, 4, 4].flatMap((count) => [...Array<number>(count).fill(8), 'pool' as const]);
    const vgg19 = vggModel({ layers: convolutions, batchNorm: true, hidden: 8 });
    const { graph, onProcessor } = await stepOf(method, vgg19, [32, 32, 3], true);
    const listed = graph.nodes.flatMap((node, i) => (onProcessor.has(node) ? [nodeName(i)] : []));
    expect(listed.length).toBeGreaterThan(1000);
    // "Provider option value length is … but the limit is 8192", says ONNX Runtime.
    expect(listed.join('\n').length).toBeLessThan(8192);
  },
);
