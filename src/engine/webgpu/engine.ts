import { rowsOf, sizeOf } from '../../data/dataset.js';
import { normalised } from '../../data/normalise.js';
import { UsageError } from '../../errors.js';
import { columnLayers } from '../../models/layers/columns.js';
import { productLayers } from '../../models/layers/products.js';
import { learningRate } from '../../optimizers/compensated.js';
import { flatten, unflatten } from '../../tensors.js';
import { turn } from '../../turn.js';
import {
  ithOf,
  valuesAt,
  type Batches,
  type Engine,
  type Evaluation,
  type Runner,
  type StartOptions,
} from '../engine.js';
import { initialState, mapValues } from '../initial_state.js';
import { encodeModel, nodeName } from '../onnx/proto.js';
import { InferenceSession, runtimeVersion, Tensor } from '../onnx/runtime.js';
import type { Program, State } from '../program.js';
import { layoutOf, packed, packedShapes, unpacked } from './pack.js';
import { downloaded, downloadGraph, names, stepGraph, type Step, type StepOptions } from './step.js';

export interface WebgpuOptions {
  /** Index of the adapter; ONNX Runtime takes the driver's first, so that no other than 0 can be had. */
  readonly device?: number;
  /** How images are convolved: by Winograd's products, or with the nine shifted images side by side in one product. */
  readonly convolution?: keyof typeof convolutions;
}

const convolutions = { winograd: productLayers, direct: columnLayers };

/**
 * The compiled step on any graphics card, by ONNX Runtime's WebGPU provider: Vulkan, Direct3D 12 or Metal. The state lies in
 * the card's buffers and goes from one step to the next without leaving it; images come a mini-batch at a time.
 */
export function webgpuEngine({ device = 0, convolution = 'winograd' }: WebgpuOptions = {}): Engine {
  return {
    name: 'webgpu',
    version: `onnxruntime-node ${runtimeVersion}, webgpu`,
    start(program, options) {
      if (device !== 0) throw new UsageError(otherDevice(device));
      return start(program, convolutions[convolution], options);
    },
  };
}

type OrtTensors = Readonly<Record<string, Tensor>>;

async function start(
  program: Program,
  layers: (typeof convolutions)[keyof typeof convolutions],
  { signal, state: given }: StartOptions = {},
): Promise<Runner> {
  const { dataset, alpha0, masks: maskShapes, batchSizes, validationBatch } = program;
  const { imageShape } = dataset;
  const { tree, arrays } = await initialState(program);
  const shapes = mapValues(arrays, ({ shape }) => shape);
  const layout = layoutOf(
    shapes,
    mapValues(program.variables.parameters, ({ shape }) => shape),
  );
  const firstValues = (path: string) => (given ? valuesAt(given, path, shapes[path]!).slice() : arrays[path]!.values);
  // On the processor at first; a step leaves the state that it makes in buffers of the card.
  const inFamilies = packedShapes(shapes, layout);
  const first = packed(
    mapValues(shapes, (_, path) => firstValues(path)),
    layout,
  );
  let state: OrtTensors = mapValues(inFamilies, (shape, path) => new Tensor('float32', first[path]!, shape));

  // What an evaluation does not read stays where it is.
  const read: State = program.evaluatesRule ? tree : { ...tree, rule: {} };
  const training = (batchSize: number): StepOptions => ({
    imageShape,
    batchSize,
    masks: maskShapes,
    state: shapes,
    layout,
    body(tensors, batch) {
      const next = program.step(unflatten(tree, tensors), batch, layers);
      return { state: flatten(next.state), figures: flatten(next.figures) };
    },
  });
  const readShapes = mapValues(flatten(read), ({ shape }) => shape);
  const readLayout = {
    ...layout,
    families: layout.families.filter(({ members: [first = ''] }) => first in readShapes),
  };
  const readInFamilies = packedShapes(readShapes, readLayout);
  const evaluation: StepOptions = {
    imageShape,
    batchSize: validationBatch,
    masks: {},
    state: readShapes,
    layout: readLayout,
    body(tensors, batch) {
      return { figures: flatten(program.evaluate(unflatten(read, tensors), batch, layers)) };
    },
  };

  // A session is made when it is first asked for; the first step's at once, so that a machine without a card says so here.
  const sessions = new Map<string, InferenceSession>();
  async function session(name: string, graph: () => Step): Promise<InferenceSession> {
    const made = sessions.get(name) ?? (await createSession(graph()));
    sessions.set(name, made);
    return made;
  }
  const trainingSession = (size: number) => session(`train ${size}`, () => stepGraph(training(size)));
  await turn(signal);
  await trainingSession(batchSizes[0] ?? 1);

  /** The inputs of one mini-batch. */
  function batchTensors(set: 'train' | 'test', { rows, images, masks = {} }: Batches): OrtTensors {
    const { images: all, labels } = dataset[set];
    const pixels = images ?? rowsOf(all, rows, sizeOf(imageShape));
    const floats = (values: Float32Array, shape: readonly number[]) =>
      new Tensor('float32', values, [rows.length, ...shape]);
    return {
      [names.images]: floats(normalised(pixels, dataset), imageShape),
      [names.labels]: new Tensor(
        'int32',
        rows.map((row) => labels[row] ?? 0),
        [rows.length],
      ),
      ...Object.fromEntries(
        Object.entries(masks).map(([name, mask]) => [
          names.mask(name),
          floats(Float32Array.from(mask), maskShapes[name] ?? []),
        ]),
      ),
    };
  }

  return {
    async train(batches) {
      const step = await trainingSession(batches.batchSize);
      const steps = batches.rows.length / batches.batchSize;
      const loss = new Float32Array(steps);
      const alpha = new Float64Array(steps);
      const prefix = names.figure('learned/');
      const symbols = step.outputNames.flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
      const learned = Object.fromEntries(symbols.map((symbol) => [symbol, new Float32Array(steps)]));
      for (let i = 0; i < steps; i++) {
        const outputs = await step.run({ ...state, ...batchTensors('train', ithOf(batches, i)) });
        const figure = (name: string) => (outputs[names.figure(name)]?.data as Float32Array | undefined)?.[0] ?? 0;
        loss[i] = figure('loss');
        alpha[i] = learningRate(alpha0, figure('drift/high'), figure('drift/low'));
        for (const symbol of symbols) learned[symbol]![i] = figure(`learned/${symbol}`);
        release(state);
        state = mapValues(state, (_, path) => outputs[names.next(path)]!);
      }
      return { loss, alpha, learned };
    },

    async evaluate(set, rows) {
      const evaluate = await session('evaluate', () => stepGraph(evaluation));
      const results: Evaluation = { loss: new Float32Array(rows.length), correct: new Float32Array(rows.length) };
      const inputs = mapValues(readInFamilies, (_, path) => state[path]!);
      for (let start = 0; start < rows.length; start += validationBatch) {
        // Filled up to a whole batch, so that one session serves all.
        const filled = new Int32Array(validationBatch);
        const part = rows.subarray(start, start + validationBatch);
        filled.set(part);
        const outputs = await evaluate.run({
          ...inputs,
          ...batchTensors(set, { rows: filled, batchSize: validationBatch }),
        });
        for (const name of ['loss', 'correct'] as const) {
          const { data } = outputs[names.figure(name)]!;
          results[name].set((data as Float32Array).subarray(0, part.length), start);
        }
      }
      return results;
    },

    async state() {
      // The binding cannot read a buffer of the card; a graph whose outputs lie on the processor can.
      const outputs = await (await session('download', () => downloadGraph(inFamilies))).run(state);
      const values = unpacked(
        mapValues(inFamilies, (_, path) => outputs[downloaded(path)]!.data as Float32Array),
        layout,
      );
      return mapValues(shapes, (shape, path) => ({ shape: [...shape], values: values[path]!.slice() }));
    },

    async dispose() {
      release(state);
      for (const made of sessions.values()) await made.release();
    },
  };
}

/** Gives buffers of the card back: they are not garbage-collected. */
function release(tensors: OrtTensors): void {
  for (const tensor of Object.values(tensors)) if (tensor.location === 'gpu-buffer') tensor.dispose();
}

async function createSession({ graph, onProcessor, there }: Step): Promise<InferenceSession> {
  refuseWithoutVulkan();
  const forced = graph.nodes.flatMap((node, i) => (onProcessor.has(node) ? [nodeName(i)] : []));
  const location = (name: string) => (there.has(name) ? 'cpu' : 'gpu-buffer');
  try {
    return await InferenceSession.create(encodeModel(graph), {
      executionProviders: [{ name: 'webgpu', ...(forced.length > 0 && { forceCpuNodeNames: forced }) }],
      preferredOutputLocation: Object.fromEntries(graph.outputs.map(({ name }) => [name, location(name)])),
      graphOptimizationLevel: 'basic',
      enableMemPattern: false,
      logSeverityLevel: 4,
    });
  } catch (error) {
    const { message } = error as Error;
    if (!/adapter|backend not found|no available backend/i.test(message)) throw error;
    // ONNX Runtime's own words come with the place in its source before them.
    const reason = message.replace(/^.*?(?=Failed to get|backend not found)/s, '').trim();
    throw new UsageError(noCard(reason), { cause: error });
  }
}

/** Asks for Vulkan's loader as the runtime will, which would write a warning of its own. */
function refuseWithoutVulkan(): void {
  if (process.platform !== 'linux') return;
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1');
  } catch (error) {
    const { message } = error as Error;
    // It is no module of Node, which is said of it once it has been loaded.
    if (!message.includes('self-register')) throw new UsageError(noCard(message), { cause: error });
  }
}

function noCard(reason: string): string {
  return (
    `the engine webgpu finds no graphics card that it can use (${reason}). It needs Linux on x64 with a driver for ` +
    'Vulkan (and the package libvulkan1), Windows with Direct3D 12, or macOS on Apple silicon; ' +
    '--engine onnx computes on the processor.'
  );
}

function otherDevice(device: number): string {
  return (
    `--device ${device}: the engine webgpu takes the card that its driver puts first; ONNX Runtime lets nobody choose. ` +
    'On Linux VK_LOADER_DEVICE_SELECT, or VK_DRIVER_FILES with the driver that is wanted, put another one first, as 0.'
  );
}
