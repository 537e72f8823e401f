import { UsageError } from '../../errors.js';
import { elementTypes, type Constant, type Graph, type Node } from '../onnx/graph.js';

export type ElementType = 'float32' | 'float64' | 'int32' | 'bool';

/**
 * What an operation reads or makes: a matrix, of which a batch or a parameter is the rows' first axis, or less.
 *
 * - own: numbers or one row [columns], which each thread has for itself;
 * - rows: [rows, columns], of which each of two parts has half of the rows; threads share the parts;
 * - shared: one row [columns] that all threads read.
 */
export interface Value {
  readonly scope: 'own' | 'rows' | 'shared';
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly rows: number;
  readonly columns: number;
  /** Whether it is of one part's work, to be added up with the other's. */
  readonly isPart?: boolean;
  readonly constant?: Constant;
}

/**
 * Element-wise, or Product, Gather (of rows of a table), SumOfRows, MaxOfRows and ArgMaxOfRows (of each row), SumOverRows (for
 * each column) or SumOfAll. What is summed up over rows comes in two parts, which an Add puts together.
 */
export interface Operation {
  readonly type: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Of a product: whether the first, the second matrix is transposed. */
  readonly transposed?: readonly [boolean, boolean];
}

/** Element by element, by ONNX's names. */
export const elementwise = new Set(
  (
    'Abs Add And Cast Copy Div Equal Exp Greater GreaterOrEqual Less LessOrEqual Log Max Min Mul Neg Not Or Pow ' +
    'Reciprocal Relu Sqrt Sub Where'
  ).split(' '),
);

export interface Operations {
  readonly operations: readonly Operation[];
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: Readonly<Record<string, Value>>;
}

/**
 * A traced graph as operations on matrices.
 *
 * @param batched the inputs of rank 1 that have a number for each row of the batch.
 * @throws UsageError where it has an operation that is not among these.
 */
export function operationsOf(graph: Graph, batched: ReadonlySet<string>): Operations {
  const values = new Map<string, Value>();
  const operations: Operation[] = [];
  const add = (type: string, inputs: readonly Value[], output: Value, more: Partial<Operation> = {}) => {
    operations.push({ type, inputs, outputs: [output], ...more });
    return output;
  };
  const constants = new Map(
    Array.from(graph.constants, ([name, constant]) => [name, valueOf(constant.shape, constant)] as const),
  );

  const inputs = Object.fromEntries(
    graph.inputs.map(({ name, shape, type }) => {
      const value = valueOf(shape as number[], {
        type,
        isBatch: shape!.length > 1 || batched.has(name),
      });
      values.set(name, value);
      return [name, value];
    }),
  );
  const integers = (name = '') => {
    const { bytes } = graph.constants.get(name) ?? {};
    return Array.from(new BigInt64Array(Uint8Array.from(bytes ?? []).buffer), Number);
  };

  function made(node: Node, read: readonly Value[]): Value {
    const { type, attributes } = node;
    const [x] = read as readonly [Value];
    const product = (transposed: readonly [boolean, boolean]) => {
      if (read.slice(0, 2).some((matrix) => !isMatrix(matrix)) || (transposed[0] && transposed[1])) throw unknown(node);
      const [[m, k], [n]] = [sides(x, transposed[0]), sides(read[1]!, !transposed[1])];
      const result = { ...valueOf([m, n], { type: 'float32' }), rows: m, columns: n };
      if (!transposed[0]) return add('Product', read, result, { transposed });
      // Either part adds up its half of the batch.
      if (read.length > 2 || k !== read[1]!.rows) throw unknown(node);
      return addedUp('Product', read, { ...result, isPart: true }, result, { transposed });
    };
    switch (type) {
      case 'Identity':
        return x;
      case 'Reshape': {
        const shaped = valueOf(integers(node.inputs[1]), { type: x.type });
        const isSame = x.rows === shaped.rows && x.columns === shaped.columns && x.scope === shaped.scope;
        if (!isSame) throw unknown(node);
        return x;
      }
      case 'Expand':
        if (!isScalar(x)) throw unknown(node);
        return x;
      case 'Sum':
        return read.slice(1).reduce((sum, term) => add('Add', [sum, term], joint('Add', [sum, term], node)), x);
      case 'Gemm':
        return product([Boolean(attributes.transA), Boolean(attributes.transB)]);
      case 'MatMul':
        return product([false, false]);
      case 'Gather': {
        const index = read[1]!;
        if (!x.constant || !isMatrix(x) || index.columns !== 1 || index.scope !== 'rows') throw unknown(node);
        const shape = [...index.shape, x.columns];
        return add('Gather', [index, x], { ...valueOf(shape, { type: x.type }), scope: 'rows', rows: index.rows });
      }
      case 'ReduceSum':
      case 'ReduceMean':
      case 'ReduceMax':
        return reduced(node, x, integers(node.inputs[1]));
      case 'ArgMax':
        if (attributes.axis !== 1 || x.shape.length !== 2) throw unknown(node);
        return add('ArgMaxOfRows', [x], { ...x, type: 'int32', shape: [x.rows], columns: 1 });
      default:
        if (!elementwise.has(type)) throw unknown(node);
        return add(type, read, joint(type, read, node));
    }
  }

  /** One result of both parts' work, added up. */
  function addedUp(
    type: string,
    read: readonly Value[],
    part: Value,
    sum: Value,
    more: Partial<Operation> = {},
  ): Value {
    const parts = [part, { ...part }];
    operations.push({ type, inputs: read, outputs: parts, ...more });
    return add('Add', parts, sum);
  }

  function reduced(node: Node, x: Value, axes: readonly number[]): Value {
    const isMean = node.type === 'ReduceMean';
    const keep = Boolean(node.attributes.keepdims);
    const shape = x.shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]));
    const isAll = axes.length === x.shape.length;
    const isOfRows = x.scope === 'own' || (axes.length === x.shape.length - 1 && !axes.includes(0));
    const isOver = axes.join() === '0' && !isOfRows && !isAll;
    const isKnown = isAll || isOfRows || isOver;
    if (!isKnown || x.constant || (node.type === 'ReduceMax' && !isOfRows)) throw unknown(node);
    const number = { scope: 'own', type: x.type, shape, rows: 1, columns: 1 } as const;
    const sum = isOfRows
      ? add(node.type === 'ReduceMax' ? 'MaxOfRows' : 'SumOfRows', [x], { ...number, scope: x.scope, rows: x.rows })
      : addedUp(
          isOver ? 'SumOverRows' : 'SumOfAll',
          [x],
          { ...number, scope: 'shared', columns: isOver ? x.columns : 1, isPart: true },
          { ...number, columns: isOver ? x.columns : 1 },
        );
    const terms = isAll ? x.rows * x.columns : isOver ? x.rows : x.columns;
    return isMean ? add('Div', [sum, scalarConstant(terms)], { ...sum }) : sum;
  }

  for (const node of graph.nodes) {
    const read = node.inputs.flatMap((name) => values.get(name) ?? constants.get(name) ?? []);
    values.set(node.outputs[0]!, made(node, read));
  }
  const outputs = Object.fromEntries(
    graph.outputs.map(({ name }) => [name, values.get(name) ?? constants.get(name)!] as const),
  );
  return { operations, inputs, outputs };
}

/** How a tensor of a shape is laid out. */
function valueOf(
  shape: readonly number[],
  { type, isBatch = shape.length > 1, ...constant }: Partial<Constant> & { type: string; isBatch?: boolean },
): Value {
  const [first = 1, ...rest] = shape;
  const columns = rest.reduce((product, size) => product * size, 1);
  const matrix = isBatch ? { rows: first, columns } : { rows: 1, columns: first };
  const { bytes } = constant;
  return {
    ...{ scope: isBatch ? 'rows' : bytes && first > 1 ? 'shared' : 'own', type: type as ElementType, shape, ...matrix },
    ...(bytes && { constant: { shape, type: type as ElementType, bytes } }),
  };
}

function scalarConstant(value: number): Value {
  return valueOf([], { type: 'float32', bytes: new Uint8Array(Float32Array.of(value).buffer) });
}

/** What an element-wise operation makes of its inputs, where one of them may be repeated along an axis. */
function joint(type: string, inputs: readonly Value[], node: Node): Value {
  const batch = inputs.find(({ scope }) => scope === 'rows');
  const rows = batch?.rows ?? 1;
  const columns = Math.max(...inputs.map((value) => value.columns));
  const fits = inputs.every(
    (value) =>
      (value.columns === columns || value.columns === 1) &&
      (value.scope === 'rows' ? value.rows === rows && !value.constant : value.rows === 1),
  );
  const result = { type: typeOf(type, inputs, node), rows, columns };
  // Of double precision there are numbers alone.
  if (!fits || (result.type === 'float64' && (batch || columns > 1))) throw unknown(node);
  const { shape } = inputs.reduce((most, value) => (value.shape.length > most.shape.length ? value : most));
  return { scope: batch ? 'rows' : 'own', shape: shape.length === 2 ? [rows, columns] : shape, ...result };
}

const comparisons = new Set(['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Not']);

function typeOf(type: string, inputs: readonly Value[], { attributes }: Node): ElementType {
  if (comparisons.has(type)) return 'bool';
  if (type !== 'Cast') return inputs.at(-1)!.type;
  const found = Object.entries(elementTypes).find(([, number]) => number === attributes.to);
  return (found?.[0] ?? 'float32') as ElementType;
}

export function isScalar({ rows, columns, scope }: Value): boolean {
  return scope !== 'rows' && rows === 1 && columns === 1;
}

function isMatrix({ scope }: Value): boolean {
  return scope === 'rows';
}

function sides({ rows, columns }: Value, isTransposed: boolean): [number, number] {
  return isTransposed ? [columns, rows] : [rows, columns];
}

function unknown({ type }: Node): UsageError {
  return new UsageError(
    `the engine wasm does not know this kind of the operation ${type}, which the model or the update rule needs: it is for ` +
      'small models of linear layers, such as logreg. --engine onnx computes any.',
  );
}
