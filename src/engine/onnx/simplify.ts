import { Graph, type Node } from './graph.js';

/**
 * Drops what the graph's outputs do not need, lets matrix products absorb the additions that follow them, and has
 * nodes write to the outputs directly.
 */
export function simplify(graph: Graph): void {
  removeUnused(graph);
  absorbAdditions(graph);
  nameOutputs(graph);
  removeUnused(graph);
}

function removeUnused(graph: Graph): void {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const kept: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    kept.push(node);
    for (const name of usedBy(node)) needed.add(name);
  }
  graph.nodes = kept.toReversed();
  for (const name of graph.constants.keys()) if (!needed.has(name)) graph.constants.delete(name);
}

/**
 * Gemm computes α·A·B + β·C, so a sum A·B + C, and a sum A·B + c·C with a constant c (weight decay), is one node and
 * saves one or two passes over the product. Only where the product is not used otherwise.
 */
function absorbAdditions(graph: Graph): void {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const uses = new Map<string, number>();
  for (const name of graph.nodes.flatMap(usedBy)) uses.set(name, (uses.get(name) ?? 0) + 1);

  const scaled = (name: string): { name: string; factor: number } => {
    const node = producers.get(name);
    if (node?.type !== 'Mul') return { name, factor: 1 };
    const [value = '', factor = ''] = node.inputs;
    const scalar = scalarConstant(graph, factor);
    return scalar === undefined ? { name, factor: 1 } : { name: value, factor: scalar };
  };

  graph.nodes = graph.nodes.map((node) => {
    if (node.type !== 'Add') return node;
    const [left = '', right = ''] = node.inputs;
    for (const [product, addend] of [
      [left, right],
      [right, left],
    ] as const) {
      const gemm = producers.get(product);
      if (gemm?.type !== 'Gemm' || gemm.inputs.length !== 2 || uses.get(product) !== 1) continue;
      const { name, factor } = scaled(addend);
      return {
        ...gemm,
        inputs: [...gemm.inputs, name],
        outputs: node.outputs,
        attributes: { ...gemm.attributes, beta: factor },
      };
    }
    return node;
  });
}

/** An output's Identity copies; where the value is a node's and no other output's, the node takes the output's name. */
function nameOutputs(graph: Graph): void {
  const produced = new Set(graph.nodes.flatMap(({ type, outputs }) => (type === 'Identity' ? [] : outputs)));
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const renamed = new Map<string, string>();
  for (const { type, inputs, outputs: results } of graph.nodes) {
    const [value = '', output = ''] = [inputs[0], results[0]];
    if (type === 'Identity' && outputs.has(output) && produced.has(value) && !renamed.has(value)) {
      renamed.set(value, output);
    }
  }
  const rename = (name: string) => renamed.get(name) ?? name;
  const written = new Set(renamed.values());
  graph.nodes = graph.nodes
    .filter(({ type, outputs: [name = ''] }) => !(type === 'Identity' && written.has(name)))
    .map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) }));
}

function scalarConstant(graph: Graph, name: string): number | undefined {
  const constant = graph.constants.get(name);
  if (constant?.type !== 'float32' || constant.bytes.byteLength !== 4) return undefined;
  return new DataView(constant.bytes.buffer, constant.bytes.byteOffset).getFloat32(0, true);
}

/** The names that a node reads, also from within its subgraphs. */
function usedBy(node: Node): string[] {
  const inner = Object.values(node.attributes).filter((attribute) => attribute instanceof Graph);
  return [...node.inputs, ...inner.flatMap((graph) => graph.nodes.flatMap(usedBy))];
}
