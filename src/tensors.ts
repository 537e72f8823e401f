import { Tensor, zerosLike } from '@tensorflow/tfjs-core';

/** Tensors by parameter name, in the order in which the model was constructed. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** A state: tensors in nested records. */
export interface TensorTree {
  readonly [name: string]: Tensor | TensorTree;
}

export function mapTensors(tensors: NamedTensors, f: (tensor: Tensor, name: string) => Tensor): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, f(tensor, name)]));
}

export function zerosFor(tensors: NamedTensors): NamedTensors {
  return mapTensors(tensors, (tensor) => zerosLike(tensor));
}

export function tensorOf(tensors: NamedTensors, name: string): Tensor {
  const tensor = tensors[name];
  if (!tensor) throw new Error(`no tensor named ${name}; there are ${Object.keys(tensors).join(', ')}`);
  return tensor;
}

export function pick(tensors: NamedTensors, names: readonly string[]): NamedTensors {
  return Object.fromEntries(names.map((name) => [name, tensorOf(tensors, name)]));
}

/** The tree's tensors by their path, `rule/m/lin1.weight`, in order. */
export function flatten(tree: TensorTree, prefix = ''): NamedTensors {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([name, node]) =>
      node instanceof Tensor ? [[prefix + name, node]] : Object.entries(flatten(node, `${prefix}${name}/`)),
    ),
  );
}

/** A tree of the same structure with each tensor replaced by the one at its path. */
export function unflatten<Tree extends TensorTree>(like: Tree, tensors: NamedTensors, prefix = ''): Tree {
  return Object.fromEntries(
    Object.entries(like).map(([name, node]) => [
      name,
      node instanceof Tensor ? tensorOf(tensors, prefix + name) : unflatten(node, tensors, `${prefix}${name}/`),
    ]),
  ) as Tree;
}
