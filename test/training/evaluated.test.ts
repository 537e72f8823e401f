import { expect, it } from 'vitest';
import { createEngine } from '../../src/engine/engines.js';
import { program } from '../../src/engine/program.js';
import { logreg } from '../../src/models/logreg.js';
import { updateRule } from '../../src/methods/rule.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { asEvaluated } from '../../src/training/evaluated.js';
import { datasetOf, randomImages } from '../images.js';

const [steps, batchSize] = [12, 16];
const dataset = datasetOf([28, 28], randomImages(steps * batchSize, [28, 28], 3), randomImages(40, [28, 28], 4));
const options = { alpha0: 0.5, beta: 0, mu: 0.9, weightDecay: 0, repsRel: 1e-3 };

it.each([
  ['onnx', 'dog', 'average'],
  ['cpu', 'dog', 'average'],
  ['onnx', 'ldog', 'lin1.weight/average'],
  ['onnx', 'sgd_sf', 'x'],
] as const)('on %s, %s is validated, and kept, at rule/%s', async (engineName, method, path) => {
  const engine = await createEngine(engineName, { threads: 1, device: 0 });
  const start = (parameters: ReturnType<typeof logreg.init>, rule = updateRule(method, options)) =>
    engine.start(program({ dataset, model: logreg, rule, variables: parameters, batchSizes: [batchSize] }));
  const runner = await start(logreg.init(mt19937(1)));
  await runner.train({ rows: Int32Array.from({ length: steps * batchSize }, (_, i) => i), batchSize, masks: {} });
  const state = await runner.state();
  const network = await asEvaluated(updateRule(method, options), state);
  const weight = network['parameters/lin1.weight']!.values;
  expect(weight).toEqual(Float32Array.from(state[`rule/${path}/lin1.weight`]!.values));
  expect(weight).not.toEqual(Float32Array.from(state['parameters/lin1.weight']!.values));

  const rows = Int32Array.from({ length: 40 }, (_, i) => i);
  const { loss } = await runner.evaluate('test', rows);
  const parameters = Object.fromEntries(
    ['lin1.weight', 'lin1.bias'].map((name) => [name, network[`parameters/${name}`]!]),
  );
  const plain = await start({ parameters, buffers: {} }, updateRule('sgd', options));
  expect((await plain.evaluate('test', rows)).loss).toEqual(loss);
  await Promise.all([runner.dispose(), plain.dispose()]);
});
