import '@tensorflow/tfjs-backend-cpu';
import { dispose, enableProdMode, setBackend, tensor } from '@tensorflow/tfjs-core';
import type { Values } from '../models/model.js';
import { flatten } from '../tensors.js';
import type { Program, State } from './program.js';

/**
 * The program's first state: its structure, and its numbers by path.
 * @param stored the shape to store a parameter in, by its own.
 */
export async function initialState(
  program: Program,
  stored: (shape: readonly number[]) => readonly number[] = (shape) => shape,
): Promise<{ tree: State; arrays: Record<string, Values> }> {
  enableProdMode(); // no advice on standard error to install another backend
  await setBackend('cpu');
  const { parameters, buffers } = program.variables;
  const tree = program.init({
    parameters: mapValues(parameters, ({ shape, values }) => tensor(values, [...stored(shape)])),
    buffers: mapValues(buffers, ({ shape, values }) => tensor(values, [...shape])),
  });
  const tensors = flatten(tree);
  const taken = new Set<Float32Array>();
  const arrays = mapValues(tensors, (t) => {
    const values = t.dataSync<'float32'>();
    // Tensors may share an array, the state's may not.
    const own = taken.has(values) ? values.slice() : values;
    taken.add(own);
    return { shape: t.shape, values: own };
  });
  dispose(tensors);
  return { tree, arrays };
}

export function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  f: (value: A, key: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value, key)]));
}
