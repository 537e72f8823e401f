import { addN, mul, sum, type Scalar } from '@tensorflow/tfjs-core';
import { tensorOf, type NamedTensors } from '../tensors.js';

/** ⟨a, b⟩ over all tensors of a. */
export function dot(a: NamedTensors, b: NamedTensors): Scalar {
  return addN<Scalar>(Object.entries(a).map(([name, part]) => sum<Scalar>(mul(part, tensorOf(b, name)))));
}
