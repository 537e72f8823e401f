import type { Graph, Node } from './graph.js';

/** A Reshape of a value, whose shape the graph remembers. */
export function reshaped(graph: Graph, value: string, shape: readonly number[]): string {
  const name = graph.node('Reshape', [value, graph.integers(shape)]);
  graph.shapes.set(name, shape);
  return name;
}

/**
 * A Reshape of what a loop hands on copies it, for it writes to the output. Where such a value's shape is known before the
 * Reshape, it is handed on in that shape.
 *
 * @param carried names in the loop's body, before and after an iteration.
 * @returns the shapes of those that are now handed on in another shape, by the name before.
 */
export function handOnAsComputed(
  body: Graph,
  carried: readonly { readonly before: string; readonly after: string }[],
): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const { before, after } of carried) {
    const last = body.nodes.find(({ outputs }) => outputs[0] === after);
    const [value = '', sizes = ''] = last?.type === 'Reshape' ? last.inputs : [];
    const shape = body.shapes.get(value);
    const isOutput = body.outputs.some(({ name }) => name === value);
    if (!last || !shape || isOutput || !body.nodes.some(({ outputs }) => outputs.includes(value))) continue;
    const asDeclared = new Map([
      [before, `${before} as declared`],
      [after, `${after} as declared`],
    ]);
    const read = (name: string) => (name === value ? after : (asDeclared.get(name) ?? name));
    const declared = (from: string): Node => ({ ...last, inputs: [from, sizes], outputs: [asDeclared.get(from)!] });
    body.nodes = [
      declared(before),
      ...body.nodes.map((node) =>
        node === last
          ? declared(after)
          : {
              ...node,
              inputs: node.inputs.map(read),
              outputs: node.outputs.map((name) => (name === value ? after : name)),
            },
      ),
    ];
    for (const name of asDeclared.keys()) body.shapes.set(name, shape);
    for (const name of asDeclared.values()) body.shapes.delete(name);
    for (const [infos, name] of [
      [body.inputs, before],
      [body.outputs, after],
    ] as const) {
      const i = infos.findIndex((info) => info.name === name);
      infos[i] = { ...infos[i]!, shape };
    }
    shapes.set(before, shape);
  }
  return shapes;
}

/** A Reshape of a Reshape is one, and one to the shape that its value has is none. */
export function joinReshapes(graph: Graph): void {
  const sources = new Map<string, string>();
  const same = new Map<string, string>();
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  for (const { type, inputs, outputs: results } of graph.nodes) {
    const [value = '', name = ''] = [inputs[0], results[0]];
    if (type !== 'Reshape') continue;
    const source = sources.get(value) ?? same.get(value) ?? value;
    sources.set(name, source);
    const shape = graph.shapes.get(name);
    const isSame = shape && graph.shapes.get(source)?.join() === shape.join();
    if (isSame && !outputs.has(name)) same.set(name, source);
  }
  graph.nodes = graph.nodes
    .filter(({ outputs: [name = ''] }) => !same.has(name))
    .map((node) => {
      const [value = ''] = node.inputs;
      const from = node.type === 'Reshape' ? sources.get(value) : undefined;
      const inputs = node.inputs.map((name) => same.get(name) ?? name);
      return { ...node, inputs: from === undefined ? inputs : inputs.with(0, from) };
    });
}
