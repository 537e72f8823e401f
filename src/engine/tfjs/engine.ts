import { dispose, tensor, tensor1d, tidy } from '@tensorflow/tfjs';
import type { Dataset } from '../../data/dataset.js';
import { flatten, mapTensors, type NamedTensors } from '../../tensors.js';
import { learningRate, type Engine, type Runner } from '../engine.js';
import type { Batch, Program } from '../program.js';
import { loadBackend, type BackendOptions, type TfjsBackend } from './backend.js';

/** Images in a validation mini-batch. */
const validationBatch = 500;

/** Runs a program's functions eagerly, operation by operation, on a tfjs backend. */
export function tfjsEngine(backend: TfjsBackend, options: BackendOptions = {}): Engine {
  return {
    name: backend,
    async start(program) {
      await loadBackend(backend, options);
      return start(program);
    },
  };
}

function start(program: Program): Runner {
  const { dataset, alpha0 } = program;
  let state = program.init(
    Object.fromEntries(
      Object.entries(program.parameters).map(([name, { shape, values }]) => [name, tensor(values, [...shape])]),
    ),
  );

  /** One step; replaces the state and returns the figures. */
  function step(rows: Int32Array): NamedTensors {
    const next = tidy(() => {
      const { state: moved, figures } = program.step(state, batchOf(dataset, 'train', rows));
      // Copies, since a figure may be a part of the state and outlive it.
      return { state: moved, figures: mapTensors(flatten(figures), (figure) => figure.clone()) };
    });
    const kept = new Set(Object.values(flatten(next.state)));
    dispose(Object.values(flatten(state)).filter((old) => !kept.has(old)));
    state = next.state;
    return next.figures;
  }

  return {
    async train(rows, batchSize) {
      const figures: NamedTensors[] = [];
      for (let start = 0; start < rows.length; start += batchSize) {
        figures.push(step(rows.subarray(start, start + batchSize)));
      }
      const read = (name: string) => Promise.all(figures.map(async (figure) => (await figure[name]?.data())?.[0] ?? 0));
      const [loss, high, low] = [await read('loss'), await read('drift/high'), await read('drift/low')];
      dispose(figures);
      return {
        loss: Float32Array.from(loss),
        alpha: Float64Array.from(loss, (_, i) => learningRate(alpha0, high[i] ?? 0, low[i] ?? 0)),
      };
    },

    async evaluate(set, rows) {
      let total = 0;
      for (let start = 0; start < rows.length; start += validationBatch) {
        const part = rows.subarray(start, start + validationBatch);
        const loss = tidy(() => program.evaluate(state.parameters, batchOf(dataset, set, part)));
        total += (await loss.data())[0] ?? Number.NaN;
        loss.dispose();
      }
      return total / rows.length;
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

function batchOf(dataset: Dataset, set: 'train' | 'test', rows: Int32Array): Batch {
  const { images, labels } = dataset[set];
  const size = dataset.imageShape.reduce((product, length) => product * length, 1);
  const pixels = new Float32Array(rows.length * size);
  const classes = new Int32Array(rows.length);
  rows.forEach((row, i) => {
    pixels.set(images.subarray(row * size, (row + 1) * size), i * size);
    classes[i] = labels[row] ?? 0;
  });
  return {
    pixels: tensor(pixels, [rows.length, ...dataset.imageShape]),
    labels: tensor1d(classes, 'int32'),
  };
}
