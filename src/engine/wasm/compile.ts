import type { Dataset } from '../../data/dataset.js';
import type { Graph } from '../onnx/graph.js';
import { count, i32, Module, repeat, Routine, v128, when, type Code, type Local } from './assembler.js';
import { barrierRoutine, control } from './barrier.js';
import { batchRoutine } from './batch.js';
import { byPart, partOf, Places, type Placed } from './memory.js';
import { operationsOf, type Operation, type Value } from './operations.js';
import { product } from './product.js';
import { schedule, type Kernel } from './schedule.js';
import { sweep } from './sweep.js';
import { transcendental, type Transcendental } from './transcendental.js';

/** What the graphs' inputs and outputs are called; of the state, an input's name is its path. */
export const names = {
  images: 'images',
  labels: 'labels',
  next: (path: string) => `next/${path}`,
  figure: (figure: string) => `figures/${figure}`,
};

/** A graph of one step on a mini-batch of a size. */
export interface Loop {
  readonly batchSize: number;
  readonly graph: Graph;
}

export interface CompileOptions {
  readonly loops: Readonly<Record<string, Loop>>;
  readonly state: readonly string[];
  readonly normalisation: Pick<Dataset, 'mean' | 'std'>;
  /** The most rows that a call takes. */
  readonly rowsACall: number;
}

export interface Compiled {
  /** Has for each loop a function `(thread, threads, steps, images, labels)`, the last two being where these lie as bytes. */
  readonly module: Uint8Array<ArrayBuffer>;
  readonly loops: readonly string[];
  readonly state: Readonly<Record<string, Placed>>;
  /** For each loop, the figures of its steps, one step after the other. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, Placed>>>>;
  /** Of a call's rows: int32 indices of images. */
  readonly rows: number;
  /** What each thread has for itself, one after the other; before a call all have to have the first one's. */
  readonly own: { readonly place: number; readonly size: number; readonly used: number };
  /** Where free memory begins. */
  readonly end: number;
}

/** One WebAssembly module of all loops on one state. Two threads run it, or one that does both threads' parts. */
export function compile({ loops, state: paths, normalisation, rowsACall }: CompileOptions): Compiled {
  const module = new Module();
  const places = new Places(control.end);
  const functions = transcendental(module, (value) => v128.load64Splat(i32.const(0), places.double(value)));
  const barrier = module.add(barrierRoutine());
  const rows = places.take(4 * rowsACall);
  const own = places.take(2 * ownBytes);
  const state: Record<string, Value> = {};
  const figures: Record<string, Record<string, Placed>> = {};
  for (const [name, { graph, batchSize }] of Object.entries(loops)) {
    const { operations, inputs, outputs } = operationsOf(graph, new Set([names.labels]));
    for (const path of paths) {
      const read = inputs[path]!;
      if (state[path]) places.join(read, state[path]);
      else state[path] = read;
    }
    const carried = paths.flatMap((path) => {
      const after = outputs[names.next(path)];
      return after ? [{ before: inputs[path]!, after }] : [];
    });
    const { kernels, places: joined } = schedule(operations, carried);
    for (const [value, other] of joined) places.join(value, other);
    const reported = figuresOf(outputs).map(([figure, value]) => {
      const place = places.take(4 * value.rows * Math.ceil(rowsACall / batchSize));
      return [figure, { value, place }] as const;
    });
    figures[name] = Object.fromEntries(reported);
    const batch = module.add(batchRoutine(inputs[names.images]!, inputs[names.labels]!, normalisation, places));
    const compiled = compiledKernels(kernels, [...joined.keys(), ...Object.values(outputs)], places, module, functions);
    const report = module.add(
      reportRoutine(
        reported.map(([, figure]) => figure),
        places,
      ),
    );
    module.add(loopRoutine({ batch, kernels: compiled, report, barrier, batchSize, rows, own }), name);
  }
  if (places.ownSize > ownBytes) throw new Error(`${places.ownSize} bytes of numbers are more than a thread has`);
  const placed = (value: Value) => ({
    value,
    place: places.of(value) + (value.scope === 'own' ? own : 0),
  });
  return {
    module: module.encode(places.constants, mostPages),
    loops: Object.keys(loops),
    state: Object.fromEntries(Object.entries(state).map(([path, value]) => [path, placed(value)])),
    figures,
    rows,
    own: { place: own, size: ownBytes, used: places.ownSize },
    end: places.end,
  };
}

/** Of a thread's own memory. */
const ownBytes = 1 << 20;
/** Pages of 64 KiB: 2 GiB, beyond which addresses would be negative. */
const mostPages = 1 << 15;

function figuresOf(outputs: Readonly<Record<string, Value>>): [string, Value][] {
  const prefix = names.figure('');
  return Object.entries(outputs).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value] as [string, Value]] : [],
  );
}

type Callee = (...operands: Code[]) => Code;

interface CompiledKernel {
  readonly kind: Kernel['kind'];
  readonly call: Callee;
  /** Whether threads have to wait for each other before it. */
  readonly waits: boolean;
}

function compiledKernels(
  kernels: readonly Kernel[],
  kept: readonly Value[],
  places: Places,
  module: Module,
  functions: Transcendental,
): CompiledKernel[] {
  const readers = new Map<Value, Set<Kernel>>();
  for (const kernel of kernels) {
    for (const value of kernel.operations.flatMap(({ inputs }) => inputs)) {
      readers.set(value, (readers.get(value) ?? new Set()).add(kernel));
    }
  }
  const always = new Set(kept);
  const waits = waitsBefore(kernels, places);
  return kernels.map((kernel, i) => {
    const { kind, operations } = kernel;
    const isRead = (value: Value) => always.has(value) || [...(readers.get(value) ?? [])].some((by) => by !== kernel);
    const routine = kind === 'product' ? product(operations[0]!, places) : sweep(kernel, places, isRead, functions);
    return { kind, call: module.add(routine), waits: waits[i]! };
  });
}

/**
 * Before which kernels a thread waits for the other one: where it reads what that has made since they last waited, or writes
 * what that may still be reading.
 */
function waitsBefore(kernels: readonly Kernel[], places: Places): boolean[] {
  let [written, read] = [new Set<number>(), new Set<number>()];
  return kernels.map(({ operations }) => {
    const theirs = operations.flatMap(readOfBothParts).map((value) => places.of(value));
    const ours = operations
      .flatMap(({ outputs }) => outputs)
      .filter(({ scope }) => scope !== 'own')
      .map((value) => places.of(value));
    const isNeeded = theirs.some((place) => written.has(place)) || ours.some((place) => read.has(place));
    if (isNeeded) [written, read] = [new Set(), new Set()];
    for (const place of ours) written.add(place);
    for (const place of theirs) read.add(place);
    return isNeeded;
  });
}

/** What an operation reads of rows that are not of its own part. */
function readOfBothParts({ type, inputs, transposed }: Operation): readonly Value[] {
  if (type === 'Product' && !transposed![0]) return inputs.slice(1, 2);
  return inputs.filter(({ isPart }) => isPart);
}

/** A function `(part, own, step)` that lays down a step's figures. */
function reportRoutine(figures: readonly Placed[], places: Places): Routine {
  const routine = new Routine(['i32', 'i32', 'i32']);
  const [part, own, step] = routine.parameters as [Local, Local, Local];
  const [row, end] = [routine.local('i32'), routine.local('i32')];
  routine.body = figures.map(({ value, place }) => {
    const { rows, scope } = value;
    const at = i32.mul(step.get, i32.const(4 * rows));
    if (scope === 'own')
      return when(i32.equalsZero(part.get), v128.storeFirst(at, v128.load(own.get, places.of(value)), place));
    const [half, all] = partOf(rows);
    return [
      row.set(byPart(part, 0, 4 * half)),
      end.set(byPart(part, 4 * half, 4 * all)),
      count(row, end.get, 4, i32.store(i32.add(at, row.get), i32.load(row.get, places.of(value)), place)),
    ];
  });
  return routine;
}

interface LoopParts {
  readonly batch: Callee;
  readonly kernels: readonly CompiledKernel[];
  readonly report: Callee;
  readonly barrier: Callee;
  readonly batchSize: number;
  readonly rows: number;
  readonly own: number;
}

/** A function `(thread, threads, steps, images, labels)`. */
function loopRoutine({ batch, kernels, report, barrier, batchSize, rows, own: firstOwn }: LoopParts): Routine {
  const routine = new Routine(['i32', 'i32', 'i32', 'i32', 'i32']);
  const [thread, threads, steps, images, labels] = routine.parameters as [Local, Local, Local, Local, Local];
  const [step, part, own] = [routine.local('i32'), routine.local('i32'), routine.local('i32')];
  const eachPart = (call: Code): Code => [
    part.set(thread.get),
    repeat([call, part.set(i32.add(part.get, threads.get))], i32.less(part.get, i32.const(2))),
  ];
  const wait = when(i32.less(i32.const(1), threads.get), barrier(thread.get));
  const rowsOfStep = i32.add(i32.const(rows), i32.mul(step.get, i32.const(4 * batchSize)));
  routine.body = [
    own.set(i32.add(i32.const(firstOwn), i32.mul(thread.get, i32.const(ownBytes)))),
    repeat(
      [
        eachPart(batch(part.get, rowsOfStep, images.get, labels.get)),
        kernels.map(({ kind, call, waits }) => [
          waits ? wait : [],
          kind === 'own' ? call(i32.const(0), own.get) : eachPart(call(part.get, own.get)),
        ]),
        eachPart(report(part.get, own.get, step.get)),
        wait,
        step.set(i32.add(step.get, i32.const(1))),
      ],
      i32.less(step.get, steps.get),
    ),
  ];
  return routine;
}
