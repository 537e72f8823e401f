import {
  DataStorage,
  engine,
  getBackend,
  KernelBackend,
  registerBackend,
  setBackend,
  type DataType,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { ElementType, Graph } from './graph.js';

type DataId = TensorInfo['dataId'];
type BackendValues = Parameters<KernelBackend['write']>[0];

/** What stands behind a tensor while tracing: a value in the graph, or numbers that become a constant when used. */
interface Datum {
  readonly shape: number[];
  readonly dtype: DataType;
  value?: string;
  readonly numbers?: BackendValues;
  references: number;
}

/** Captured numbers become part of the model; more than this is surely data that should be an input. */
const largestConstant = 1 << 16;

/** A tfjs backend that computes nothing: its kernels append nodes to a graph. */
export class TraceBackend extends KernelBackend {
  readonly #data = new DataStorage<Datum>(this, engine());
  #graph: Graph | undefined;

  get graph(): Graph {
    if (!this.#graph) throw new Error('no graph is being traced');
    return this.#graph;
  }

  /** Runs `f` with this as tfjs's backend and `graph` as the graph that operations are appended to. */
  trace<T>(graph: Graph, f: () => T): T {
    const before = getBackend();
    const outer = this.#graph;
    this.#graph = graph;
    void setBackend(backendName);
    engine().startScope();
    try {
      return f();
    } finally {
      engine().endScope();
      this.#graph = outer;
      if (before) void setBackend(before);
    }
  }

  /** A tensor that stands for a value of the graph. */
  tensor(value: string, shape: readonly number[], dtype: DataType): Tensor {
    return engine().makeTensorFromTensorInfo(this.info(value, shape, dtype));
  }

  info(value: string, shape: readonly number[], dtype: DataType): TensorInfo {
    this.graph.shapes.set(value, shape);
    return { dataId: this.#store({ value, shape: [...shape], dtype, references: 1 }), shape: [...shape], dtype };
  }

  /** Another tensor of the same data. */
  alias({ dataId, dtype }: TensorInfo, shape: readonly number[]): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape: [...shape], dtype };
  }

  /** The name of the graph's value behind a tensor. */
  value({ dataId }: TensorInfo): string {
    const datum = this.#data.get(dataId);
    datum.value ??= this.#constant(datum);
    return datum.value;
  }

  #constant({ numbers = [], shape, dtype }: Datum): string {
    const { graph } = this;
    const [first = 0] = numbers as Float32Array;
    // Gradients of reductions multiply by tensors of ones.
    if (numbers.length > 1 && (numbers as Float32Array).every((number) => number === first)) {
      const scalar = graph.constant([], elementType(dtype), typedArray(Float32Array.of(first), dtype));
      return graph.node('Expand', [scalar, graph.integers(shape)]);
    }
    if (numbers.length > largestConstant) {
      throw new Error(`a captured tensor of shape [${shape.join()}] would become part of the graph; make it an input`);
    }
    return graph.constant(shape, elementType(dtype), typedArray(numbers, dtype));
  }

  #store(datum: Datum): DataId {
    const id = {};
    this.#data.set(id, datum);
    return id;
  }

  override write(numbers: BackendValues, shape: number[], dtype: DataType): DataId {
    return this.#store({ numbers, shape, dtype, references: 1 });
  }

  override move(id: DataId, numbers: BackendValues, shape: number[], dtype: DataType, references: number): void {
    this.#data.set(id, { numbers, shape, dtype, references });
  }

  override readSync(id: DataId): BackendValues {
    const { numbers, shape } = this.#data.get(id);
    if (!numbers) throw new Error(`the numbers of a traced tensor of shape [${shape.join()}] are not known yet`);
    return numbers;
  }

  override disposeData(id: DataId, force = false): boolean {
    if (!this.#data.has(id)) return true;
    const datum = this.#data.get(id);
    datum.references--;
    if (!force && datum.references > 0) return false;
    this.#data.delete(id);
    return true;
  }

  override refCount(id: DataId): number {
    return this.#data.has(id) ? this.#data.get(id).references : 0;
  }

  override incRef(id: DataId): void {
    this.#data.get(id).references++;
  }

  override numDataIds(): number {
    return this.#data.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }
}

export const backendName = 'onnx-graph';
export const traceBackend = new TraceBackend();
registerBackend(backendName, () => traceBackend, 0);

export function elementType(dtype: DataType): ElementType {
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') throw new Error(`cannot trace a ${dtype} tensor`);
  return dtype;
}

function typedArray(numbers: BackendValues, dtype: DataType): NodeJS.TypedArray {
  const Array = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[elementType(dtype) as 'float32'];
  return Array.from(numbers as Float32Array);
}
