import { dispose, enableProdMode, setBackend, tensor } from '@tensorflow/tfjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { productLayers } from '../../models/layers/products.js';
import type { Values } from '../../models/model.js';
import { flatten, unflatten } from '../../tensors.js';
import { learningRate, type Engine, type Runner } from '../engine.js';
import type { Program, State } from '../program.js';
import { loopGraph, names, type LoopOptions } from './loop.js';
import { encodeModel } from './proto.js';

export interface OnnxOptions {
  /** Threads within an operator; 0: as many as there are cores. */
  readonly threads?: number;
}

type OrtTensors = Readonly<Record<string, Tensor>>;

/**
 * The embedded engine: traces a program once into ONNX graphs and lets ONNX Runtime run them on the processor, many
 * steps in one call.
 */
export function onnxEngine({ threads = 0 }: OnnxOptions = {}): Engine {
  return { name: 'onnx', start: (program) => start(program, threads) };
}

async function start(program: Program, threads: number): Promise<Runner> {
  const { dataset, alpha0, validationBatch } = program;
  const { tree, arrays } = await initialState(program);
  const shapes = Object.fromEntries(Object.entries(arrays).map(([path, { shape }]) => [path, shape]));
  const isVariable = ([path]: [string, unknown]) => /^(parameters|buffers)\//.test(path);

  // A loop reads these arrays in its first iteration, and writes to them when it has ended.
  const state = ortTensors(arrays);

  const sets = { train: imageTensors('train'), test: imageTensors('test') };
  const sessions = new Map<string, Promise<InferenceSession>>();

  function imageTensors(set: 'train' | 'test'): OrtTensors {
    const { images, labels, count } = dataset[set];
    return {
      [names.images]: new Tensor('uint8', images, [count, ...dataset.imageShape]),
      [names.labels]: new Tensor('uint8', labels, [count]),
    };
  }

  /** Runs a loop over mini-batches, compiling it when its kind and batch size are first met. */
  async function runLoop(
    kind: string,
    set: 'train' | 'test',
    rows: Int32Array,
    loop: Omit<LoopOptions, 'imageShape'>,
    { inputs = {}, results = {} }: { inputs?: OrtTensors; results?: OrtTensors } = {},
  ): Promise<(figure: string) => Float32Array | undefined> {
    const key = `${kind} ${loop.batchSize}`;
    const { imageShape } = dataset;
    const created = sessions.get(key) ?? createSession({ imageShape, ...loop }, threads);
    sessions.set(key, created);
    const session = await created;

    const steps = rows.length / loop.batchSize;
    const feeds = {
      ...sets[set],
      [names.rows]: new Tensor('int32', rows, [steps, loop.batchSize]),
      [names.steps]: new Tensor('int64', BigInt64Array.of(BigInt(steps)), []),
      ...state,
      ...inputs,
    };
    const outputs = await session.run(
      Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as Tensor])),
      Object.fromEntries(session.outputNames.map((name) => [name, results[name] ?? null])),
    );
    return (figure) => outputs[names.figure(figure)]?.data as Float32Array | undefined;
  }

  return {
    async train({ rows, batchSize, images, masks = {} }) {
      const shape = [rows.length / batchSize, batchSize];
      const inputs = {
        ...(images && { [names.prepared]: new Tensor('uint8', images, [...shape, ...dataset.imageShape]) }),
        ...Object.fromEntries(
          Object.entries(program.masks).map(([name, ofOne]) => [
            names.mask(name),
            new Tensor('uint8', masks[name] ?? new Uint8Array(), [...shape, ...ofOne]),
          ]),
        ),
      };
      const results = Object.fromEntries(Object.entries(state).map(([path, array]) => [names.next(path), array]));
      const figure = await runLoop(
        'step',
        'train',
        rows,
        {
          batchSize,
          prepared: images !== undefined,
          masks: program.masks,
          carried: shapes,
          body(tensors, batch) {
            const next = program.step(unflatten(tree, tensors), batch, productLayers);
            return { carried: flatten(next.state), figures: flatten(next.figures) };
          },
        },
        { inputs, results },
      );
      const [loss = new Float32Array(), high, low] = [figure('loss'), figure('drift/high'), figure('drift/low')];
      return { loss, alpha: Float64Array.from(loss, (_, i) => learningRate(alpha0, high?.[i] ?? 0, low?.[i] ?? 0)) };
    },

    async evaluate(set, rows) {
      const { parameters, buffers } = tree;
      // Filled up to whole batches, so that one graph serves all.
      const whole = new Int32Array(Math.ceil(rows.length / validationBatch) * validationBatch);
      whole.set(rows);
      const figure = await runLoop('evaluate', set, whole, {
        batchSize: validationBatch,
        shared: Object.fromEntries(Object.entries(shapes).filter(isVariable)),
        body(tensors, batch) {
          const variables = unflatten({ parameters, buffers }, tensors);
          return { carried: {}, figures: { loss: program.evaluate(variables, batch, productLayers) } };
        },
      });
      let total = 0;
      for (const loss of figure('loss')?.subarray(0, rows.length) ?? []) total += loss;
      return total / rows.length;
    },

    state: () =>
      Promise.resolve(
        Object.fromEntries(
          Object.entries(state).map(([path, { dims, data }]) => [
            path,
            { shape: dims, values: (data as Float32Array).slice() },
          ]),
        ),
      ),

    async dispose() {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

async function createSession(loop: LoopOptions, threads: number): Promise<InferenceSession> {
  const graph = loopGraph(loop);
  return InferenceSession.create(encodeModel(graph), {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    // Memory patterns would reserve every intermediate value of the graph at once.
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
}

/** The program's first state: its structure, and its numbers by path. */
async function initialState(program: Program): Promise<{ tree: State; arrays: Record<string, Values> }> {
  enableProdMode(); // no advice on standard error to install another backend
  await setBackend('cpu');
  const tensorsOf = (arrays: Readonly<Record<string, Values>>) =>
    Object.fromEntries(Object.entries(arrays).map(([name, { shape, values }]) => [name, tensor(values, [...shape])]));
  const { parameters, buffers } = program.variables;
  const tree = program.init({ parameters: tensorsOf(parameters), buffers: tensorsOf(buffers) });
  const tensors = flatten(tree);
  const arrays = Object.fromEntries(
    Object.entries(tensors).map(([path, t]) => [path, { shape: t.shape, values: Float32Array.from(t.dataSync()) }]),
  );
  dispose(tensors);
  return { tree, arrays };
}

/** Tensors over the arrays. */
function ortTensors(arrays: Readonly<Record<string, Values>>): OrtTensors {
  return Object.fromEntries(
    Object.entries(arrays).map(([path, { shape, values }]) => [path, new Tensor('float32', values, shape)]),
  );
}
