import { dispose, enableProdMode, setBackend, tensor } from '@tensorflow/tfjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { rowsOf, sizeOf, type Dataset } from '../../data/dataset.js';
import { normalised } from '../../data/normalise.js';
import { productLayers } from '../../models/layers/products.js';
import type { Values } from '../../models/model.js';
import { flatten, unflatten } from '../../tensors.js';
import { learningRate, type Batches, type Engine, type Runner } from '../engine.js';
import type { Program, State } from '../program.js';
import { loopGraph, names, type LoopOptions } from './loop.js';
import { encodeModel } from './proto.js';

export interface OnnxOptions {
  /** Threads within an operator; 0: one where the model is small, else one a core. */
  readonly threads?: number;
}

/** A model with fewer parameters has operators too short to share between threads. */
const parametersWorthThreads = 100_000;

type OrtTensors = Readonly<Record<string, Tensor>>;

/** The kinds of loop, each compiled for a batch size. */
type LoopKind = Omit<LoopOptions, 'imageShape' | 'batchSize' | 'prepared'>;

/**
 * The embedded engine: traces a program once into ONNX graphs and lets ONNX Runtime run them on the processor, many
 * steps in one call.
 */
export function onnxEngine({ threads = 0 }: OnnxOptions = {}): Engine {
  return { name: 'onnx', start: (program) => start(program, threads) };
}

async function start(program: Program, threads: number): Promise<Runner> {
  const { dataset, alpha0, masks: maskShapes, validationBatch } = program;
  const { tree, arrays } = await initialState(program);
  const shapes = mapValues(arrays, ({ shape }) => shape);
  // A loop reads these arrays in its first iteration, and writes to them when it has ended.
  const state = mapValues(arrays, ({ shape, values }) => new Tensor('float32', values, shape));

  const { parameters, buffers } = tree;
  const training: LoopKind = {
    masks: maskShapes,
    carried: shapes,
    body(tensors, batch) {
      const next = program.step(unflatten(tree, tensors), batch, productLayers);
      return { carried: flatten(next.state), figures: flatten(next.figures) };
    },
  };
  const evaluation: LoopKind = {
    shared: Object.fromEntries(Object.entries(shapes).filter(([path]) => !path.startsWith('rule/'))),
    body(tensors, batch) {
      const variables = unflatten({ parameters, buffers }, tensors);
      return { carried: {}, figures: { loss: program.evaluate(variables, batch, productLayers) } };
    },
  };

  const parameterCount = Object.values(program.variables.parameters).reduce(
    (sum, { values }) => sum + values.length,
    0,
  );
  const chosenThreads = threads === 0 && parameterCount < parametersWorthThreads ? 1 : threads;
  const sessions = new Map<string, Promise<InferenceSession>>();
  const images = imageTensors(dataset);

  /** Runs a loop over mini-batches, compiling it when its kind and batch size are first met; returns its figures. */
  async function run(kind: LoopKind, set: 'train' | 'test', { rows, batchSize, images: pixels, masks = {} }: Batches) {
    const prepared = pixels !== undefined;
    const key = [kind === training ? 'train' : 'evaluate', batchSize, prepared].join();
    const created =
      sessions.get(key) ??
      createSession(
        { ...kind, imageShape: dataset.imageShape, batchSize, prepared },
        { threads: chosenThreads, arena: kind === training },
      );
    sessions.set(key, created);
    const session = await created;

    const steps = rows.length / batchSize;
    const feeds: OrtTensors = {
      ...state,
      [names.labels]: new Tensor('uint8', dataset[set].labels, [dataset[set].count]),
      [names.rows]: new Tensor('int32', rows, [steps, batchSize]),
      [names.steps]: new Tensor('int64', BigInt64Array.of(BigInt(steps)), []),
      ...(prepared
        ? { [names.prepared]: images.of(pixels, [steps, batchSize]) }
        : { [names.images]: set === 'train' ? images.train() : images.test() }),
      ...Object.fromEntries(
        Object.entries(masks).map(([name, mask]) => [
          names.mask(name),
          new Tensor('uint8', mask, [steps, batchSize, ...(maskShapes[name] ?? [])]),
        ]),
      ),
    };
    const results: OrtTensors = Object.fromEntries(
      Object.entries(state).map(([path, array]) => [names.next(path), array]),
    );
    const outputs = await session.run(
      Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]!])),
      Object.fromEntries(session.outputNames.map((name) => [name, results[name] ?? null])),
    );
    return (figure: string) => outputs[names.figure(figure)]?.data as Float32Array | undefined;
  }

  return {
    async train(batches) {
      const figure = await run(training, 'train', batches);
      const [loss = new Float32Array(), high, low] = [figure('loss'), figure('drift/high'), figure('drift/low')];
      return { loss, alpha: Float64Array.from(loss, (_, i) => learningRate(alpha0, high?.[i] ?? 0, low?.[i] ?? 0)) };
    },

    async evaluate(set, rows) {
      // Filled up to whole batches, so that one graph serves all.
      const filled = new Int32Array(Math.ceil(rows.length / validationBatch) * validationBatch);
      filled.set(rows);
      // A set that is augmented anew in every pass is not there as a whole.
      const apart = set === 'train' && dataset.augmented;
      const figure = await run(evaluation, set, {
        rows: filled,
        batchSize: validationBatch,
        images: apart ? rowsOf(dataset.train.images, filled, sizeOf(dataset.imageShape)) : undefined,
      });
      return figure('loss')?.slice(0, rows.length) ?? new Float32Array();
    },

    state: () => Promise.resolve(mapValues(state, ({ dims, data }) => ({ shape: dims, values: data.slice() }))),

    async dispose() {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

/** Normalised images: a whole set's are made once, when they are first asked for. */
function imageTensors(dataset: Dataset) {
  const of = (pixels: Uint8Array, leading: readonly number[]) =>
    new Tensor('float32', normalised(pixels, dataset), [...leading, ...dataset.imageShape]);
  const once = (set: 'train' | 'test') => {
    let tensor: Tensor | undefined;
    return () => (tensor ??= of(dataset[set].images, [dataset[set].count]));
  };
  return { of, train: once('train'), test: once('test') };
}

interface SessionOptions {
  readonly threads: number;
  /** Keeps memory for the next step; a validation gives it back. */
  readonly arena: boolean;
}

async function createSession(loop: LoopOptions, { threads, arena }: SessionOptions): Promise<InferenceSession> {
  return InferenceSession.create(encodeModel(loopGraph(loop)), {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    // Memory patterns would reserve every intermediate value of the graph at once.
    enableMemPattern: false,
    enableCpuMemArena: arena,
    logSeverityLevel: 3,
  });
}

/** The program's first state: its structure, and its numbers by path. */
async function initialState(program: Program): Promise<{ tree: State; arrays: Record<string, Values> }> {
  enableProdMode(); // no advice on standard error to install another backend
  await setBackend('cpu');
  const tensorsOf = (arrays: Readonly<Record<string, Values>>) =>
    mapValues(arrays, ({ shape, values }) => tensor(values, [...shape]));
  const { parameters, buffers } = program.variables;
  const tree = program.init({ parameters: tensorsOf(parameters), buffers: tensorsOf(buffers) });
  const tensors = flatten(tree);
  const arrays = mapValues(tensors, (t) => ({ shape: t.shape, values: Float32Array.from(t.dataSync()) }));
  dispose(tensors);
  return { tree, arrays };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
