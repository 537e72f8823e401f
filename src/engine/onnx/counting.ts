import type { Graph, Node } from './graph.js';

/** What a loop hands on from one iteration to the next: its name in the body, before and after, and before the loop. */
export interface Carried {
  readonly before: string;
  readonly after: string;
  readonly first: string;
  readonly shape: readonly number[];
}

/** Of a number each, in any shape. */
const elementwise = new Set(['Add', 'Cast', 'Div', 'Exp', 'Log', 'Mul', 'Neg', 'Pow', 'Sqrt', 'Sub']);

/**
 * Where a loop's body counts its iterations, t ← t + 1, whatever it computes of the count alone, as Adam's bias corrections
 * are, is computed for all iterations before the loop, by the same operations; an iteration takes its own from the list.
 * @param steps the number of iterations, int64 [].
 * @param index the number of the iteration in the body, int64 [].
 */
export function hoistCounts(
  body: Graph,
  outer: Graph,
  { steps, index, carried }: { steps: string; index: string; carried: readonly Carried[] },
): void {
  /** What is computed before the loop, by its name in the body: [steps, ...shape]. */
  const lists = new Map<string, string>();
  for (const count of carried) {
    const node = body.nodes.find(({ outputs }) => outputs[0] === count.after);
    if (node && isCount(body, node, count.before)) lists.set(count.after, listOf(outer, steps, count));
  }
  if (lists.size === 0) return;

  const moved = new Set<Node>();
  for (const node of body.nodes) {
    const [output = ''] = node.outputs;
    if (!lists.has(output)) {
      const known = node.inputs.every((name) => lists.has(name) || body.constants.has(name));
      if (!known || !elementwise.has(node.type) || !node.inputs.some((name) => lists.has(name))) continue;
      const inputs = node.inputs.map((name) => lists.get(name) ?? constant(body, outer, name));
      lists.set(output, outer.node(node.type, inputs, node.attributes, node.domain));
    }
    moved.add(node);
  }
  body.nodes = body.nodes.map((node) => {
    const [output = ''] = node.outputs;
    if (!moved.has(node)) return node;
    return {
      type: 'Gather',
      domain: '',
      inputs: [lists.get(output)!, index],
      outputs: [output],
      attributes: { axis: 0 },
    };
  });
}

function isCount(body: Graph, { type, inputs }: Node, before: string): boolean {
  if (type !== 'Add' || !inputs.includes(before)) return false;
  const [step = ''] = inputs.filter((name) => name !== before);
  const { type: element, shape, bytes } = body.constants.get(step) ?? {};
  return element === 'float32' && shape?.length === 0 && new Float32Array(Uint8Array.from(bytes!).buffer)[0] === 1;
}

/** first + 1, first + 2, ..., shape [steps, ...shape]. */
function listOf(outer: Graph, steps: string, { first, shape }: Carried): string {
  const integer = (value: number) => outer.constant([], 'int64', BigInt64Array.of(BigInt(value)));
  const range = outer.node('Range', [integer(1), outer.node('Add', [steps, integer(1)]), integer(1)]);
  const numbers = outer.node('Cast', [range], { to: 1 });
  const column = outer.node('Reshape', [numbers, outer.integers([-1, ...shape.map(() => 1)])]);
  return outer.node('Add', [shape.length === 0 ? numbers : column, first]);
}

function constant(body: Graph, outer: Graph, name: string): string {
  const { shape, type, bytes } = body.constants.get(name)!;
  return outer.constant(shape, type, bytes);
}
