import protobuf from 'protobufjs/light.js';
import { elementTypes, Graph, type Attribute, type ValueInfo } from './graph.js';

/** The part of onnx.proto (ONNX IR version 9) that graphs need, in protobuf.js's JSON form. */
const schema = {
  OperatorSet: { domain: [1, 'string'], version: [2, 'int64'] },
  Model: { irVersion: [1, 'int64'], opsetImport: [8, 'OperatorSet', 'repeated'], graph: [7, 'GraphBody'] },
  GraphBody: {
    node: [1, 'NodeBody', 'repeated'],
    name: [2, 'string'],
    initializer: [5, 'Tensor', 'repeated'],
    input: [11, 'Value', 'repeated'],
    output: [12, 'Value', 'repeated'],
  },
  NodeBody: {
    input: [1, 'string', 'repeated'],
    output: [2, 'string', 'repeated'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'AttributeBody', 'repeated'],
    domain: [7, 'string'],
  },
  AttributeBody: {
    name: [1, 'string'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    g: [6, 'GraphBody'],
    ints: [8, 'int64', 'repeated'],
    type: [20, 'int32'],
  },
  Tensor: { dims: [1, 'int64', 'repeated'], dataType: [2, 'int32'], name: [8, 'string'], rawData: [9, 'bytes'] },
  Value: { name: [1, 'string'], type: [2, 'Type'] },
  Type: { tensorType: [1, 'TensorType'] },
  TensorType: { elemType: [1, 'int32'], shape: [2, 'Shape'] },
  Shape: { dim: [1, 'Dimension', 'repeated'] },
  Dimension: { dimValue: [1, 'int64'], dimParam: [2, 'string'] },
} satisfies Record<string, Record<string, readonly [number, string, 'repeated'?]>>;

const attributeTypes = { int: 2, string: 3, graph: 5, ints: 7 } as const;

const Model = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(schema).map(([message, fields]) => [
      message,
      {
        fields: Object.fromEntries(
          Object.entries(fields).map(([name, [id, type, rule]]) => [name, { id, type, ...(rule && { rule }) }]),
        ),
      },
    ]),
  ),
}).lookupType('Model');

/** Serialises a graph as an ONNX model: operator set 19, with ONNX Runtime's own operators. */
export function encodeModel(graph: Graph): Uint8Array {
  return Model.encode({
    irVersion: 9,
    opsetImport: [
      { domain: '', version: 19 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: graphBody(graph),
  }).finish();
}

function graphBody(graph: Graph): object {
  return {
    name: `graph${graph.prefix}`,
    node: graph.nodes.map(({ type, domain, inputs, outputs, attributes }, i) => ({
      input: inputs,
      output: outputs,
      name: nodeName(i),
      opType: type,
      domain,
      attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attributeBody(value) })),
    })),
    initializer: [...graph.constants].map(([name, { shape, type, bytes }]) => ({
      name,
      dims: shape,
      dataType: elementTypes[type],
      rawData: bytes,
    })),
    input: graph.inputs.map(valueBody),
    output: graph.outputs.map(valueBody),
  };
}

/** What the i-th node is called in the model: in short, since an option that lists nodes has no room for more. */
export function nodeName(i: number): string {
  return i.toString(36);
}

function attributeBody(value: Attribute): object {
  if (value instanceof Graph) return { type: attributeTypes.graph, g: graphBody(value) };
  if (typeof value === 'string') return { type: attributeTypes.string, s: Buffer.from(value) };
  if (typeof value === 'number') return { type: attributeTypes.int, i: value };
  return { type: attributeTypes.ints, ints: value };
}

function valueBody({ name, shape, type }: ValueInfo): object {
  const dim = shape?.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], ...(dim && { shape: { dim } }) } } };
}
