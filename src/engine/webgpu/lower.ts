import { elementTypes, type Graph, type Node } from '../onnx/graph.js';

/** Replaces the nodes that the WebGPU provider lacks, which would run on the processor, or rounds more in than the others. */
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

  /** A product over more rows than one sum can add up well: the sum of products over a part of them each. */
  Gemm(graph, node) {
    const { inputs, outputs, attributes } = node;
    const [a, b] = inputs.map((input) => graph.shapes.get(input));
    const [[rows = 0, height] = [], [, width] = []] = [a, b];
    const parts = partsOf(rows);
    if (!attributes.transA || attributes.transB || inputs.length > 2 || parts === 1) {
      graph.nodes.push(node);
      return;
    }
    const [left, right] = [height, width].map((columns = 1, i) =>
      graph.node('Reshape', [inputs[i]!, graph.integers([parts, rows / parts, columns])]),
    ) as [string, string];
    const product = graph.node('MatMul', [graph.node('Transpose', [left], { perm: [0, 2, 1] }), right]);
    replace(graph, outputs, 'ReduceSum', [product, graph.integers([0])], { keepdims: 0 });
  },

  /** ONNX Runtime's own product with transposed operands, of which the products have five axes. */
  FusedMatMul(graph, { inputs: [a = '', b = ''], outputs, attributes: { transA, transB } }) {
    const turned = (value: string, turn: unknown) =>
      turn ? graph.node('Transpose', [value], { perm: [0, 1, 2, 4, 3] }) : value;
    replace(graph, outputs, 'MatMul', [turned(a, transA), turned(b, transB)]);
  },
};

/** A product's kernel adds up one number after the other, which rounds in proportion to how many there are. */
const longestSum = 1024;

/** Into how many equal parts to cut rows, a multiple of a power of two. */
function partsOf(rows: number): number {
  let parts = 1;
  while (rows / parts > longestSum && rows % (2 * parts) === 0) parts *= 2;
  return parts;
}

function replace(
  graph: Graph,
  outputs: readonly string[],
  type: string,
  inputs: readonly string[],
  attributes: Node['attributes'] = {},
): void {
  graph.nodes.push({ type, domain: '', inputs, outputs, attributes });
}
