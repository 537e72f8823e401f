import { cpus, totalmem } from 'node:os';
import { reshape } from '@tensorflow/tfjs-core';
import type { Dataset } from '../data/dataset.js';
import { UsageError } from '../errors.js';
import { linear } from '../models/linear.js';
import type { Model, Values, Variables } from '../models/model.js';
import { updateRule } from '../methods/rule.js';
import { createEngine, type EngineName } from './engines.js';
import { nvidiaCard } from './nvidia.js';
import { program } from './program.js';
import type { Tried } from './status.js';

// A process that tries one engine: a library that ends its process ends none but this one.
const [name = '', device = '0'] = process.argv.slice(2);
void tryEngine(name as EngineName, Number(device)).then((tried) => {
  process.send?.(tried, () => process.disconnect());
});

/** One image of two pixels, white and black, of class 0. */
const dataset: Dataset = {
  ...{ name: 'probe', imageShape: [2], classes: 2, mean: [0], std: [1], augmented: false },
  train: { images: Uint8Array.of(255, 0), labels: Uint8Array.of(0), count: 1 },
  test: { images: Uint8Array.of(255, 0), labels: Uint8Array.of(0), count: 1 },
};

const model: Model = {
  validationBatch: 1,
  init: zero,
  forward: ({ parameters, buffers }, images) => ({
    logits: linear(parameters, 'lin', reshape(images, [-1, 2])),
    buffers,
  }),
};

/**
 * The losses of two steps from θ = 0 with α = 1. At first both classes are as probable, so that the gradient of the logits
 * is (−½, ½), and after the step the logits of the image are 1 and −1: a ½ by its white pixel, a ½ by the bias.
 */
const expected = [Math.log(2), Math.log(1 + Math.exp(-2))] as const;

async function tryEngine(name: EngineName, device: number): Promise<Tried> {
  try {
    const engine = await createEngine(name, { threads: 1, device });
    const rule = updateRule('sgd', { alpha0: 1, beta: 0, mu: 0, weightDecay: 0 });
    const runner = await engine.start(program({ dataset, model, rule, variables: zero(), batchSizes: [1] }));
    const { loss } = await runner.train({ rows: Int32Array.of(0, 0), batchSize: 1 });
    await runner.dispose();
    const right = expected.every((value, i) => Math.abs(value - (loss[i] ?? NaN)) < 1e-5);
    const fault = `it computes wrongly: losses of ${loss.join(' and ')} where they are ${expected.join(' and ')}`;
    return { version: engine.version, fault: right ? null : fault, ...deviceOf(name, device) };
  } catch (error) {
    const { message } = error as Error;
    const fault = error instanceof UsageError ? message : `it fails: ${message}`;
    return { version: null, fault, device: null, memory: null };
  }
}

/** What an engine computes on, and the bytes of its memory, as far as they can be told. */
function deviceOf(name: EngineName, device: number): Pick<Tried, 'device' | 'memory'> {
  switch (name) {
    case 'webgpu':
      return { device: 'the card that its driver puts first', memory: null };
    case 'onnx-cuda':
    case 'tfjs-node-gpu': {
      const card = nvidiaCard(device);
      return { device: card?.name ?? `GPU ${device}`, memory: card?.memory ?? null };
    }
    default:
      return { device: `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'a processor'}`, memory: totalmem() };
  }
}

function zero(): Variables<Values> {
  const weight = { shape: [2, 2], values: new Float32Array(4) };
  return { parameters: { 'lin.weight': weight, 'lin.bias': { shape: [2], values: new Float32Array(2) } }, buffers: {} };
}
