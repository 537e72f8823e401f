import { Graph, type Node } from './graph.js';

/**
 * Drops what the graph's outputs do not need, adds biases within the matrix products, and has nodes write to the
 * outputs directly.
 */
export function simplify(graph: Graph): void {
  removeUnused(graph);
  absorbBiases(graph);
  nameOutputs(graph);
  removeUnused(graph);
}

/** Drops the nodes and constants that no output needs. */
export function removeUnused(graph: Graph): void {
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

/** Gemm computes A·B + C: a layer's bias is added within it. Only where the product is not used otherwise. */
function absorbBiases(graph: Graph): void {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const uses = new Map<string, number>();
  for (const name of graph.nodes.flatMap(usedBy)) uses.set(name, (uses.get(name) ?? 0) + 1);

  graph.nodes = graph.nodes.map((node) => {
    const [product = '', bias = ''] = node.inputs;
    const gemm = producers.get(product);
    // What another node has computed may have a shape that Gemm does not broadcast, and rounds otherwise.
    const isBias = !producers.has(bias) && !graph.constants.has(bias);
    if (
      node.type !== 'Add' ||
      gemm?.type !== 'Gemm' ||
      gemm.inputs.length !== 2 ||
      uses.get(product) !== 1 ||
      !isBias
    ) {
      return node;
    }
    return { ...gemm, inputs: [...gemm.inputs, bias], outputs: node.outputs };
  });
}

/** An output's Identity copies; where the value is a node's and no other output's, the node takes the output's name. */
function nameOutputs(graph: Graph): void {
  const produced = new Set(graph.nodes.flatMap(({ type, outputs }) => (type === 'Identity' ? [] : outputs)));
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const renamed = new Map<string, string>();
  for (const { type, inputs, outputs: results } of graph.nodes) {
    const [value = '', output = ''] = [inputs[0], results[0]];
    const free = produced.has(value) && !outputs.has(value) && !renamed.has(value);
    if (type === 'Identity' && outputs.has(output) && free) {
      renamed.set(value, output);
    }
  }
  const rename = (name: string) => renamed.get(name) ?? name;
  const written = new Set(renamed.values());
  graph.nodes = graph.nodes
    .filter(({ type, outputs: [name = ''] }) => !(type === 'Identity' && written.has(name)))
    .map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) }));
}

/** Moves what is the same in every iteration of a loop's body to the graph around the loop. */
export function hoist(body: Graph, outer: Graph): void {
  const varying = new Set(body.inputs.map(({ name }) => name));
  const outputs = new Set(body.outputs.map(({ name }) => name));
  const moved: Node[] = [];
  const kept: Node[] = [];
  for (const node of body.nodes) {
    const stays = usedBy(node).some((name) => varying.has(name)) || node.outputs.some((name) => outputs.has(name));
    if (stays) for (const name of node.outputs) varying.add(name);
    (stays ? kept : moved).push(node);
  }
  body.nodes = kept;
  outer.nodes = [...outer.nodes, ...moved];
  // A body may read the constants of the graph around it.
  for (const name of new Set(moved.flatMap(usedBy))) {
    const constant = body.constants.get(name);
    if (!constant) continue;
    outer.constants.set(name, constant);
    body.constants.delete(name);
  }
}

/** The names that a node reads, also from within its subgraphs. */
function usedBy(node: Node): string[] {
  const inner = Object.values(node.attributes).filter((attribute) => attribute instanceof Graph);
  return [...node.inputs, ...inner.flatMap((graph) => graph.nodes.flatMap(usedBy))];
}
