import { isScalar, type Operation, type Value } from './operations.js';

/**
 * Operations that one function computes: `own` ones, which every thread does for itself, a product, or a sweep over rows,
 * which computes each row's share of all of them before it goes on to the next row.
 */
export interface Kernel {
  readonly kind: 'own' | 'sweep' | 'product';
  readonly operations: readonly Operation[];
  readonly rows: number;
  readonly columns: number;
}

/** Rows of at most so many columns are computed without a loop. */
export const narrow = 16;

/** A value that becomes another one's next. */
export interface Carried {
  readonly before: Value;
  readonly after: Value;
}

export interface Schedule {
  readonly kernels: readonly Kernel[];
  /** Values that are written where another one is. */
  readonly places: ReadonlyMap<Value, Value>;
}

/**
 * The order in which operations are computed, and which of them together: each as early as can be, but what is made of the
 * state alone not before it is read.
 */
export function schedule(given: readonly Operation[], carried: readonly Carried[]): Schedule {
  const { operations, carried: moved } = withCopies(given, carried);
  const kernels = kernelsOf(operations, moved);
  const places = new Map<Value, Value>();
  const late: Operation[] = [];
  const lateLevels = new Set<Operation>();
  for (const { before, after } of moved) {
    if (isLast(kernels, before, after)) {
      places.set(after, before);
      continue;
    }
    const copy = { ...after };
    const operation = { type: 'Copy', inputs: [after], outputs: [copy] };
    late.push(operation);
    lateLevels.add(operation);
    places.set(copy, before);
  }
  return { kernels: [...kernels, ...kernelsOf(late, [])], places };
}

/** What is carried becomes some operation's result of its own. */
function withCopies(given: readonly Operation[], carried: readonly Carried[]) {
  const made = new Set(given.flatMap(({ outputs }) => outputs));
  const copies: Operation[] = [];
  const moved = carried.map(({ before, after }) => {
    const isOwn = made.has(after) && after.rows === before.rows && after.columns === before.columns;
    if (isOwn && made.delete(after)) return { before, after };
    const copy = { ...before };
    copies.push({ type: 'Copy', inputs: [after], outputs: [copy] });
    return { before, after: copy };
  });
  return { operations: [...given, ...copies], carried: moved };
}

/** Whether nothing reads a value once its next one is being written, but for the same elements. */
function isLast(kernels: readonly Kernel[], before: Value, after: Value): boolean {
  const writes = kernels.findIndex(({ operations }) => operations.some(({ outputs }) => outputs.includes(after)));
  return kernels.every(
    ({ kind, operations }, i) =>
      !operations.some(({ inputs }) => inputs.includes(before)) || i < writes || (i === writes && kind !== 'product'),
  );
}

function kernelsOf(operations: readonly Operation[], carried: readonly Carried[]): Kernel[] {
  const producers = new Map(operations.flatMap((operation) => operation.outputs.map((value) => [value, operation])));
  const places = new Map<Operation, Place>();
  for (const operation of operations) {
    const sources = operation.inputs.flatMap((value) => producers.get(value) ?? []);
    const home = homeOf(operation, sources, places);
    const levels = sources.map((source) => places.get(source)!.level + distance(places.get(source)!, home));
    places.set(operation, { ...home, level: Math.max(0, ...levels) });
  }
  sink(operations, carried, producers, places);
  return grouped(operations, places);
}

/** Where an operation is computed: of each level all own operations come first, then sweeps and products. */
interface Place {
  readonly kind: Kernel['kind'];
  readonly rows: number;
  /** Of the sweep. */
  readonly columns: number;
  /** Of the operation: whether it has one number a row. */
  readonly isOfRows: boolean;
  readonly level: number;
}

function homeOf(
  { type, inputs, outputs }: Operation,
  sources: readonly Operation[],
  places: ReadonlyMap<Operation, Place>,
): Place {
  const [output] = outputs as readonly [Value];
  const matrix = [...inputs, output].find(({ scope, constant }) => scope === 'rows' && !constant);
  if (type === 'Product') return { kind: 'product', rows: 0, columns: 0, isOfRows: false, level: 0 };
  if (!matrix) return { kind: 'own', rows: 1, columns: 1, isOfRows: false, level: 0 };
  const widest = Math.max(output.scope === 'rows' ? output.columns : 1, ...inputs.map(columnsIfMatrix));
  // A number a row is computed where the numbers come from that it is made of.
  const from = sources.map((source) => places.get(source)!).filter(({ kind }) => kind === 'sweep');
  const columns = widest > 1 ? widest : (from.at(-1)?.columns ?? 1);
  return { kind: 'sweep', rows: matrix.rows, columns, isOfRows: output.columns === 1, level: 0 };
}

function columnsIfMatrix({ scope, columns, constant }: Value): number {
  return scope === 'rows' && !constant ? columns : 1;
}

/** How many levels later something is computed than what it reads. */
function distance(source: Place, reader: Place): 0 | 1 {
  if (source.kind === 'own') return 0;
  const isTogether = source.kind === 'sweep' && reader.kind === 'sweep' && sameSweep(source, reader);
  // A loop over columns has gone by when a number of the row is known.
  const isKnown = source.columns <= narrow || !source.isOfRows || reader.isOfRows;
  return isTogether && isKnown ? 0 : 1;
}

function sameSweep(a: Place, b: Place): boolean {
  return a.rows === b.rows && a.columns === b.columns;
}

/**
 * Moves what is made of state and constants alone to where it is first read; a copy to where its old value is read last, so
 * that it can be written in place.
 */
function sink(
  operations: readonly Operation[],
  carried: readonly Carried[],
  producers: ReadonlyMap<Value, Operation>,
  places: Map<Operation, Place>,
): void {
  const levelsOfReaders = (value: Value, place: Place, together: 0 | 1 | undefined) =>
    operations
      .filter(({ inputs }) => inputs.includes(value))
      .map((reader) => places.get(reader)!.level - (together ?? distance(place, places.get(reader)!)));
  for (const operation of operations.toReversed()) {
    const place = places.get(operation)!;
    if (place.kind !== 'sweep' || operation.inputs.some((value) => producers.has(value))) continue;
    const levels = operation.outputs.flatMap((value) => levelsOfReaders(value, place, undefined));
    const replaced = carried.find(({ after }) => operation.outputs.includes(after))?.before;
    const last = replaced && operation.type === 'Copy' ? levelsOfReaders(replaced, place, 0) : [];
    const level = levels.length > 0 ? Math.min(...levels) : Math.max(place.level, ...last);
    places.set(operation, { ...place, level: Math.max(place.level, level) });
  }
}

function grouped(operations: readonly Operation[], places: ReadonlyMap<Operation, Place>): Kernel[] {
  const kernels = new Map<string, Kernel & { readonly operations: Operation[] }>();
  const order = (operation: Operation) => {
    const { level, kind } = places.get(operation)!;
    return 2 * level + (kind === 'own' ? 0 : 1);
  };
  for (const operation of operations.toSorted((a, b) => order(a) - order(b))) {
    const { kind, rows, columns, level } = places.get(operation)!;
    const key = `${level} ${kind} ${rows} ${columns} ${kind === 'product' ? kernels.size : ''}`;
    const kernel = kernels.get(key) ?? { kind, operations: [], rows, columns };
    kernel.operations.push(operation);
    kernels.set(key, kernel);
  }
  return [...kernels.values()].flatMap((kernel) => (kernel.kind === 'own' ? ownRuns(kernel) : [kernel]));
}

/** Own operations in their order, cut so that each run is of rows of one width. */
function ownRuns({ operations }: Kernel): Kernel[] {
  const runs: (Kernel & { readonly operations: Operation[] })[] = [];
  let numbers = new Set<Value>();
  for (const operation of operations) {
    const { inputs, outputs } = operation;
    const width = Math.max(...[...inputs, ...outputs].map(({ columns }) => columns));
    const run = runs.at(-1);
    const fits = run && (width === 1 || run.columns === 1 || width === run.columns);
    const columns = Math.max(width, run?.columns ?? 1);
    // As in a sweep, a loop over columns has gone by when a number is known.
    const isLate = columns > narrow && width > 1 && inputs.some((value) => numbers.has(value));
    if (run && fits && !isLate && (run.columns === columns || columns <= narrow)) {
      runs[runs.length - 1] = { ...run, columns };
      run.operations.push(operation);
    } else {
      runs.push({ kind: 'own', operations: [operation], rows: 1, columns: width });
      numbers = new Set();
    }
    for (const value of outputs) if (isScalar(value)) numbers.add(value);
  }
  return runs;
}
