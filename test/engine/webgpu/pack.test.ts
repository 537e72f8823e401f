import { expect, it } from 'vitest';
import { initialState, mapValues } from '../../../src/engine/onnx/engine.js';
import { encodeModel } from '../../../src/engine/onnx/proto.js';
import { InferenceSession, Tensor } from '../../../src/engine/onnx/runtime.js';
import { layoutOf, packed, packedShapes, unpacked, type Layout } from '../../../src/engine/webgpu/pack.js';
import { names, stepGraph } from '../../../src/engine/webgpu/step.js';
import { program } from '../../../src/engine/program.js';
import { initLinear, linear } from '../../../src/models/linear.js';
import type { Model } from '../../../src/models/model.js';
import { columnLayers } from '../../../src/models/layers/columns.js';
import { updateRule } from '../../../src/optimizers/methods.js';
import { methods } from '../../../src/optimizers/table.js';
import { mt19937 } from '../../../src/random/mt19937.js';
import { relu, reshape } from '@tensorflow/tfjs-core';
import { flatten, unflatten } from '../../../src/tensors.js';
import { datasetOf, randomImages } from '../../images.js';

const shapes = { 'parameters/a': [3, 100], 'parameters/b': [7], 'rule/q/a': [3, 100], 'rule/q/b': [7], 'rule/t': [] };
const layout = layoutOf(shapes, { a: [3, 100], b: [7] });

it('a family begins each parameter with a block of its own', () => {
  expect(layout.families).toEqual(['parameters/', 'rule/q/']);
  expect(packedShapes(shapes, layout)).toEqual({ 'rule/t': [], 'parameters/': [3, 256], 'rule/q/': [3, 256] });
  const members: Record<string, Float32Array> = {
    a: Float32Array.from({ length: 300 }, (_, i) => i + 1),
    b: Float32Array.of(1, 2, 3, 4, 5, 6, 7),
  };
  const values = packed((name) => members[name]!, layout);
  expect(values[300]).toBe(0);
  expect(values[512]).toBe(1);
  for (const name of ['a', 'b']) expect(unpacked(values, name, layout)).toEqual(members[name]);
});

const batchSize = 8;
const images = 4 * batchSize;
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

/** The state by path after some steps of the graph, on the processor; and what a card would have to do in a step. */
async function after(method: (typeof methods)[number], steps: number, inFamilies: boolean) {
  const traced = program({
    dataset: datasetOf([6, 6], randomImages(images, [6, 6], 3), randomImages(images, [6, 6], 4)),
    model,
    rule: updateRule(method, { alpha0: 0.01, beta: 1e-4, mu: 0.9, weightDecay: 1e-3 }),
    variables: model.init(mt19937(1)),
    batchSizes: [batchSize],
  });
  const { tree, arrays } = await initialState(traced);
  const state = mapValues(arrays, ({ shape }) => shape);
  const whole = layoutOf(
    state,
    mapValues(traced.variables.parameters, ({ shape }) => shape),
  );
  const own: Layout = inFamilies ? whole : { ...whole, families: [] };
  const { graph, onProcessor } = stepGraph({
    imageShape: [6, 6],
    batchSize,
    masks: {},
    state,
    layout: own,
    body(tensors, batch) {
      const next = traced.step(unflatten(tree, tensors), batch, columnLayers);
      return { state: flatten(next.state), figures: flatten(next.figures) };
    },
  });
  const session = await InferenceSession.create(encodeModel(graph), { logSeverityLevel: 3 });
  const values = (path: string) =>
    own.families.includes(path) ? packed((name) => arrays[path + name]!.values, own) : arrays[path]!.values;
  let tensors: Record<string, Tensor> = mapValues(
    packedShapes(state, own),
    (shape, path) => new Tensor('float32', values(path), shape),
  );
  for (let step = 0; step < steps; step++) {
    const source = mt19937(step);
    const outputs = await session.run({
      ...tensors,
      [names.images]: new Tensor('float32', Float32Array.from({ length: batchSize * 36 }, () => source.next() / 2 ** 32), [batchSize, 6, 6]), // prettier-ignore
      [names.labels]: new Tensor(
        'int32',
        Int32Array.from({ length: batchSize }, (_, i) => i),
        [batchSize],
      ),
    });
    tensors = mapValues(tensors, (_, path) => outputs[names.next(path)]!);
  }
  await session.release();
  const result = mapValues(state, (_, path) => {
    const family = own.families.find((beginning) => path.startsWith(beginning));
    const data = tensors[family ?? path]!.data as Float32Array;
    return family === undefined ? data : unpacked(data, path.slice(family.length), own);
  });
  const there = new Set(onProcessor);
  return { result, dispatches: graph.nodes.filter((node) => node.type !== 'Reshape' && !there.has(node)).length };
}

it.each([...methods])('%s: a step on families is the step on parameters', async (method) => {
  const one = await after(method, 3, false);
  const all = await after(method, 3, true);
  if (method === 'adam_hd') expect(all.dispatches).toBeLessThan(0.6 * one.dispatches);
  for (const [path, values] of Object.entries(all.result)) {
    const expected = one.result[path]!;
    const size = Math.max(...expected.map(Math.abs));
    // The sums that h is are taken in another order; what is left over by rounding is noise.
    if (path.endsWith('/low')) continue;
    for (const [i, value] of values.entries())
      expect(Math.abs(value - expected[i]!), path).toBeLessThanOrEqual(2e-6 * size);
  }
});
