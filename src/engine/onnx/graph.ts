/** Element types, with ONNX's numbers for them (TensorProto.DataType). */
export const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float64: 11 } as const;
export type ElementType = keyof typeof elementTypes;

export type Attribute = number | string | readonly number[] | Graph;

export interface Node {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A value's name, shape and type; a dimension without a size has a name instead, and a shape may be unknown. */
export interface ValueInfo {
  readonly name: string;
  readonly shape: readonly (number | string)[] | undefined;
  readonly type: ElementType;
}

export interface Constant {
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly bytes: Uint8Array;
}

/**
 * An ONNX graph under construction. A node that stands there already is not added again: the backward pass names many
 * of the forward pass's products a second time.
 */
export class Graph {
  readonly inputs: ValueInfo[] = [];
  readonly outputs: ValueInfo[] = [];
  nodes: Node[] = [];
  readonly constants = new Map<string, Constant>();
  /** Shapes of the values that tensors stood for in the trace. */
  readonly shapes = new Map<string, readonly number[]>();
  readonly #known = new Map<string, readonly string[]>();
  #count = 0;

  /**
   * @param prefix of every name in this graph; a subgraph's must differ from its parent's.
   * @param plain whether operations are one node each, rather than what ONNX Runtime computes them fastest by.
   */
  constructor(
    readonly prefix = '',
    readonly plain = false,
  ) {}

  input(name: string, shape: ValueInfo['shape'], type: ElementType): string {
    this.inputs.push({ name, shape, type });
    return name;
  }

  /** Declares an output; the Identity lets one value be two outputs, or be an input too. */
  output(name: string, value: string, shape: ValueInfo['shape'], type: ElementType): void {
    this.nodes.push({ type: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
    this.outputs.push({ name, shape, type });
  }

  constant(shape: readonly number[], type: ElementType, array: NodeJS.TypedArray): string {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const [name] = this.#once(`constant ${type} ${shape.join()} ${Buffer.from(bytes).toString('base64')}`, 1);
    this.constants.set(name, { shape, type, bytes });
    return name;
  }

  float(value: number): string {
    return this.constant([], 'float32', Float32Array.of(value));
  }

  /** A list of axes or sizes. */
  integers(values: readonly number[]): string {
    return this.constant([values.length], 'int64', BigInt64Array.from(values, BigInt));
  }

  /** Adds a node and returns the name of its output. */
  node(type: string, inputs: readonly string[], attributes: Node['attributes'] = {}, domain = ''): string {
    return this.nodeWithOutputs(type, inputs, 1, attributes, domain)[0];
  }

  /** Adds a node with several outputs and returns their names. */
  nodeWithOutputs(
    type: string,
    inputs: readonly string[],
    count: number,
    attributes: Node['attributes'] = {},
    domain = '',
  ): [string, ...string[]] {
    const size = this.#known.size;
    const key = JSON.stringify([domain, type, inputs, attributes], (_, value: unknown) =>
      value instanceof Graph ? value.prefix : value,
    );
    const outputs = this.#once(key, count);
    if (this.#known.size > size) this.nodes.push({ type, domain, inputs, outputs, attributes });
    return outputs;
  }

  #once(key: string, count: number): [string, ...string[]] {
    let names = this.#known.get(key);
    if (!names) {
      names = Array.from({ length: count }, () => `${this.prefix}${this.#count++}`);
      this.#known.set(key, names);
    }
    return names as [string, ...string[]];
  }
}
