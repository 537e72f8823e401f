import { add, matMul, type Tensor2D } from '@tensorflow/tfjs-core';
import type { RandomSource } from '../random/mt19937.js';
import { uniform } from '../random/torch.js';
import { tensorOf, type NamedTensors } from '../tensors.js';
import type { Values } from './model.js';

/** PyTorch 0.3's Linear(inputs, outputs): weight, then bias, uniform in ±1/√inputs. */
export function initLinear(
  source: RandomSource,
  name: string,
  inputs: number,
  outputs: number,
): Record<string, Values> {
  const bound = 1 / Math.sqrt(inputs);
  return {
    [`${name}.weight`]: { shape: [outputs, inputs], values: uniform(source, outputs * inputs, -bound, bound) },
    [`${name}.bias`]: { shape: [outputs], values: uniform(source, outputs, -bound, bound) },
  };
}

/** x·Wᵀ + b; x has shape [batch, inputs], W [outputs, inputs], b [outputs]. */
export function linear(parameters: NamedTensors, name: string, x: Tensor2D): Tensor2D {
  const weight = tensorOf(parameters, `${name}.weight`) as Tensor2D;
  return add(matMul(x, weight, false, true), tensorOf(parameters, `${name}.bias`));
}
