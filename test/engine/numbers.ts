import { util } from '@tensorflow/tfjs';
import { mt19937 } from '../../src/random/mt19937.js';
import { uniform } from '../../src/random/torch.js';

/** A tensor as a test has it. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Tensors of any shape, of numbers from −2 to 2, the same in every run. */
export function randomNumbers(): (...shape: number[]) => Numbers {
  const source = mt19937(7);
  return (...shape) => ({ shape, values: [...uniform(source, util.sizeFromShape(shape), -2, 2)] });
}

/** The sizes of numbers, and a tenth: apart from 0. */
export function positive({ shape, values }: Numbers): Numbers {
  return { shape, values: values.map((value) => Math.abs(value) + 0.1) };
}
