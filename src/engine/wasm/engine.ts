import { availableParallelism } from 'node:os';
import { sizeOf, type Dataset, type ImageSet } from '../../data/dataset.js';
import { UsageError } from '../../errors.js';
import { productLayers } from '../../models/layers/products.js';
import type { Values } from '../../models/model.js';
import { learningRate } from '../../optimizers/compensated.js';
import { flatten, unflatten } from '../../tensors.js';
import { turn } from '../../turn.js';
import { valuesAt, type Batches, type Engine, type Runner, type StartOptions } from '../engine.js';
import { initialState, mapValues } from '../initial_state.js';
import type { Program } from '../program.js';
import { compile, type Compiled, type Loop } from './compile.js';
import { readPlaced, writePlaced } from './memory.js';
import { secondThread, startThreads } from './threads.js';
import { stepGraph } from './step.js';

export interface WasmOptions {
  /** One or two; 0: two where the machine has them. */
  readonly threads?: number;
  /** What counts as all cores; 0: the machine's. */
  readonly cores?: number | undefined;
}

/**
 * The engine of small models: compiles a program's step to WebAssembly, in which many steps run in a call, on two threads that
 * wait for each other by looking. Its numbers are the same on one thread and on two.
 */
export function wasmEngine({ threads = 0, cores = 0 }: WasmOptions = {}): Engine {
  return {
    name: 'wasm',
    // Not V8's: the numbers are those of the specification, so that a run may go on after an upgrade of Node.
    version: 'WebAssembly with SIMD',
    start: (program, options) => start(program, threads || cores || availableParallelism(), options),
  };
}

/** Steps of a call before the second thread has started, so that it can soon take part. */
const stepsAlone = 32;
/** Rows of a call, and images of a call that come with it. */
const [rowsACall, imagesACall] = [1 << 16, 1 << 12];

async function start(program: Program, threads: number, { signal, state: given }: StartOptions = {}): Promise<Runner> {
  const { dataset, alpha0, masks, batchSizes, validationBatch } = program;
  if (Object.keys(masks).length > 0) {
    throw new UsageError(
      'the engine wasm does not know dropout, which the model needs. --engine onnx computes any model.',
    );
  }
  const second = secondThread(threads);
  const { tree, arrays } = await initialState(program);
  const shapes = mapValues(arrays, ({ shape }) => shape);
  const loop = (batchSize: number, body: Parameters<typeof stepGraph>[0]['body']): Loop => ({
    batchSize,
    graph: stepGraph({ imageShape: dataset.imageShape, batchSize, state: shapes, body }),
  });
  const loops: Record<string, Loop> = {};
  for (const size of batchSizes) {
    loops[trainingLoop(size)] = loop(size, (tensors, batch) => {
      const next = program.step(unflatten(tree, tensors), batch, productLayers);
      return { state: flatten(next.state), figures: flatten(next.figures) };
    });
  }
  loops[evaluationLoop] = loop(validationBatch, (tensors, batch) => ({
    figures: flatten(program.evaluate(unflatten(tree, tensors), batch, productLayers)),
  }));
  const largest = Math.max(rowsACall, ...batchSizes, validationBatch);
  const compiled = compile({ loops, state: Object.keys(shapes), normalisation: dataset, rowsACall: largest });
  const sets = layOut(compiled, dataset, Math.max(imagesACall, ...batchSizes));
  await turn(signal);
  const running = await startThreads(compiled, sets.end, second);
  const { memory } = running;
  const bytes = new Uint8Array(memory.buffer);
  for (const set of ['train', 'test'] as const) {
    bytes.set(dataset[set].images, sets[set].images);
    bytes.set(dataset[set].labels, sets[set].labels);
  }
  for (const [path, placed] of Object.entries(compiled.state)) {
    writePlaced(memory, placed, given ? valuesAt(given, path, shapes[path]!) : arrays[path]!.values);
  }

  /** Runs a loop over mini-batches; returns its figures, one call's after the other's. */
  function runLoop(name: string, set: 'train' | 'test', { rows, batchSize, images }: Batches) {
    const figures = compiled.figures[name];
    if (!figures) throw new Error(`the program has no mini-batches of ${batchSize} images`);
    const results = mapValues(figures, ({ value }) => new Float32Array((rows.length / batchSize) * value.rows));
    const most = Math.floor((images ? sets.stage.count : largest) / batchSize) * batchSize;
    let [from, to] = [0, 0];
    for (; from < rows.length; from = to) {
      to = from + (running.areThere() ? most : Math.min(most, stepsAlone * batchSize));
      const part = rows.subarray(from, to);
      const indices = new Int32Array(memory.buffer, compiled.rows, part.length);
      const place = images
        ? stage(part, set, images.subarray(from * pixels, (from + part.length) * pixels))
        : sets[set];
      if (images) indices.forEach((_, i) => (indices[i] = i));
      else indices.set(part);
      const steps = part.length / batchSize;
      running.run(name, steps, place.images, place.labels);
      for (const [figure, { value, place: at }] of Object.entries(figures)) {
        const numbers = new Float32Array(memory.buffer, at, steps * value.rows);
        results[figure]!.set(numbers, (from / batchSize) * value.rows);
      }
    }
    return results;
  }

  const pixels = sizeOf(dataset.imageShape);

  /** Lays down images that come with a call, and their labels. */
  function stage(rows: Int32Array, set: 'train' | 'test', images: Uint8Array) {
    bytes.set(images, sets.stage.images);
    rows.forEach((row, i) => (bytes[sets.stage.labels + i] = dataset[set].labels[row] ?? 0));
    return sets.stage;
  }

  return {
    train(batches) {
      const figures = runLoop(trainingLoop(batches.batchSize), 'train', batches);
      const { loss = new Float32Array(), 'drift/high': high, 'drift/low': low } = figures;
      const learned = Object.entries(figures).flatMap(([name, values]) =>
        name.startsWith('learned/') ? [[name.slice('learned/'.length), values] as const] : [],
      );
      return Promise.resolve({
        loss,
        alpha: Float64Array.from(loss, (_, k) => learningRate(alpha0, high?.[k] ?? 0, low?.[k] ?? 0)),
        learned: Object.fromEntries(learned),
      });
    },

    evaluate(set, rows) {
      // Filled up to whole batches, so that one loop serves all.
      const filled = new Int32Array(Math.ceil(rows.length / validationBatch) * validationBatch);
      filled.set(rows);
      const { loss, correct } = runLoop(evaluationLoop, set, { rows: filled, batchSize: validationBatch });
      return Promise.resolve({ loss: loss!.subarray(0, rows.length), correct: correct!.subarray(0, rows.length) });
    },

    state: () =>
      Promise.resolve(
        mapValues(compiled.state, (placed, path): Values => ({
          shape: shapes[path]!,
          values: readPlaced(memory, placed),
        })),
      ),

    dispose: () => running.end(),
  };
}

const evaluationLoop = 'evaluate';

function trainingLoop(batchSize: number): string {
  return `train ${batchSize}`;
}

/** Where the sets' images and labels lie, and those that come with a call, `staged` at most. */
function layOut({ end }: Compiled, { train, test, imageShape }: Dataset, staged: number) {
  let place = end;
  const take = (size: number) => {
    const taken = place;
    place += 64 * Math.ceil((size + 8) / 64);
    return taken;
  };
  const of = ({ count }: Pick<ImageSet, 'count'>) => ({
    images: take(count * sizeOf(imageShape)),
    labels: take(count),
    count,
  });
  return { train: of(train), test: of(test), stage: of({ count: staged }), end: place };
}
