import { elementTypes, type Graph, type Node } from '../onnx/graph.js';

/** Replaces the nodes that the WebGPU provider lacks, which would run on the processor, by such that it has. */
export function lower(graph: Graph): void {
  const { nodes } = graph;
  graph.nodes = [];
  for (const node of nodes) {
    const way = ways[node.type];
    if (way) way(graph, node);
    else graph.nodes.push(node);
  }
}

const ways: Record<string, (graph: Graph, node: Node) => void> = {
  /** Sum of many: of two, and one more, and one more. */
  Sum(graph, { inputs, outputs }) {
    const [first = '', ...others] = inputs;
    const last = others.pop();
    if (last === undefined) replace(graph, outputs, 'Identity', [first]);
    else replace(graph, outputs, 'Add', [others.reduce((sum, term) => graph.node('Add', [sum, term]), first), last]);
  },

  /** 1 where the index is the column's number. The kernel's values are 0 and 1. */
  OneHot(graph, { inputs: [indices = '', depth = ''], outputs }) {
    const classes = new Int32Array(graph.constants.get(depth)!.bytes.slice().buffer)[0] ?? 0;
    const column = graph.node('Reshape', [indices, graph.integers([-1, 1])]);
    const numbers = graph.constant(
      [1, classes],
      'int32',
      Int32Array.from({ length: classes }, (_, i) => i),
    );
    replace(graph, outputs, 'Cast', [graph.node('Equal', [column, numbers])], { to: elementTypes.float32 });
  },

  /** ONNX Runtime's own product with transposed operands, of which the products have five axes. */
  FusedMatMul(graph, { inputs: [a = '', b = ''], outputs, attributes: { transA, transB } }) {
    const turned = (value: string, turn: unknown) =>
      turn ? graph.node('Transpose', [value], { perm: [0, 1, 2, 4, 3] }) : value;
    replace(graph, outputs, 'MatMul', [turned(a, transA), turned(b, transB)]);
  },
};

function replace(
  graph: Graph,
  outputs: readonly string[],
  type: string,
  inputs: readonly string[],
  attributes: Node['attributes'] = {},
): void {
  graph.nodes.push({ type, domain: '', inputs, outputs, attributes });
}
