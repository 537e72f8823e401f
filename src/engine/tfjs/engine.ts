import { dispose, tensor, tensor1d, tidy, version_core } from '@tensorflow/tfjs-core';
import { rowsOf, sizeOf } from '../../data/dataset.js';
import { normalised } from '../../data/normalise.js';
import { plainLayers } from '../../models/layers/plain.js';
import type { Values } from '../../models/model.js';
import { learningRate } from '../../optimizers/compensated.js';
import { flatten, mapTensors, unflatten, type NamedTensors } from '../../tensors.js';
import {
  ithOf,
  valuesAt,
  type Batches,
  type Engine,
  type Evaluation,
  type Runner,
  type StartOptions,
} from '../engine.js';
import type { Batch, Program } from '../program.js';
import { loadBackend, type BackendOptions, type TfjsBackend } from './backend.js';
import { findBinding } from './binding.js';

/**
 * Runs a program's functions eagerly, operation by operation, on a tfjs backend.
 *
 * @throws UsageError where the TensorFlow has gone that the backend was set up with.
 */
export function tfjsEngine(backend: TfjsBackend, options: BackendOptions = {}): Engine {
  return {
    name: backend,
    version: versionOf(backend, options),
    async start(program, startOptions) {
      await loadBackend(backend, options);
      return start(program, startOptions);
    },
  };
}

function versionOf(backend: TfjsBackend, { tf32 }: BackendOptions): string {
  const linked = backend === 'cpu' ? undefined : findBinding(backend)?.linked;
  const parts = [
    `tfjs ${version_core}`,
    ...(linked ? [`TensorFlow ${linked.version}`] : []),
    ...(tf32 && backend === 'tfjs-node-gpu' ? ['TF32'] : []),
  ];
  return parts.join(', ');
}

function start(program: Program, { state: given }: StartOptions = {}): Runner {
  const { alpha0 } = program;
  const tensorsOf = (arrays: Readonly<Record<string, Values>>) =>
    Object.fromEntries(Object.entries(arrays).map(([name, { shape, values }]) => [name, tensor(values, [...shape])]));
  const { parameters, buffers } = program.variables;
  let state = program.init({ parameters: tensorsOf(parameters), buffers: tensorsOf(buffers) });
  if (given) {
    const first = flatten(state);
    const restored = mapTensors(first, ({ shape }, path) => tensor(valuesAt(given, path, shape), shape));
    state = unflatten(state, restored);
    dispose(first);
  }

  /** One step; replaces the state and returns the figures. */
  function step(batch: Batches): NamedTensors {
    const next = tidy(() => {
      const { state: moved, figures } = program.step(state, batchOf(program, 'train', batch), plainLayers);
      // Copies, since a figure may be a part of the state and outlive it.
      return { state: moved, figures: mapTensors(flatten(figures), (figure) => figure.clone()) };
    });
    const kept = new Set(Object.values(flatten(next.state)));
    dispose(Object.values(flatten(state)).filter((old) => !kept.has(old)));
    state = next.state;
    return next.figures;
  }

  return {
    async train(batches) {
      const figures: NamedTensors[] = [];
      for (let i = 0; i * batches.batchSize < batches.rows.length; i++) figures.push(step(ithOf(batches, i)));
      const read = (name: string) => Promise.all(figures.map(async (figure) => (await figure[name]?.data())?.[0] ?? 0));
      const symbols = Object.keys(figures[0] ?? {}).flatMap((name) => /^learned\/(.*)$/.exec(name)?.[1] ?? []);
      const learned: Record<string, Float32Array> = {};
      for (const symbol of symbols) learned[symbol] = Float32Array.from(await read(`learned/${symbol}`));
      const [loss, high, low] = [await read('loss'), await read('drift/high'), await read('drift/low')];
      dispose(figures);
      return {
        loss: Float32Array.from(loss),
        alpha: Float64Array.from(loss, (_, i) => learningRate(alpha0, high[i] ?? 0, low[i] ?? 0)),
        learned,
      };
    },

    async evaluate(set, rows) {
      const results: Evaluation = { loss: new Float32Array(rows.length), correct: new Float32Array(rows.length) };
      const size = program.validationBatch;
      for (let start = 0; start < rows.length; start += size) {
        const part = { rows: rows.subarray(start, start + size), batchSize: size };
        const { loss, correct } = tidy(() => program.evaluate(state, batchOf(program, set, part), plainLayers));
        results.loss.set(await loss.data<'float32'>(), start);
        results.correct.set(await correct.data<'float32'>(), start);
        dispose([loss, correct]);
      }
      return results;
    },

    async state() {
      const arrays = Object.entries(flatten(state)).map(
        async ([path, t]) => [path, { shape: t.shape, values: Float32Array.from(await t.data()) }] as const,
      );
      return Object.fromEntries(await Promise.all(arrays));
    },

    dispose() {
      dispose(flatten(state));
      return Promise.resolve();
    },
  };
}

function batchOf(
  { dataset, masks: shapes }: Program,
  set: 'train' | 'test',
  { rows, images, masks = {} }: Batches,
): Batch {
  const { labels } = dataset[set];
  const pixels = images ?? rowsOf(dataset[set].images, rows, sizeOf(dataset.imageShape));
  return {
    images: tensor(normalised(pixels, dataset), [rows.length, ...dataset.imageShape]),
    labels: tensor1d(
      rows.map((row) => labels[row] ?? 0),
      'int32',
    ),
    masks: Object.fromEntries(
      Object.entries(masks).map(([name, mask]) => [
        name,
        tensor(Float32Array.from(mask), [rows.length, ...(shapes[name] ?? [])]),
      ]),
    ),
  };
}
