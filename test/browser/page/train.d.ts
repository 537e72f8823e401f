import type { LayersModel, Optimizer } from '@tensorflow/tfjs';

/** By epoch, and the learning rate in the end. */
export interface Figures {
  readonly loss: number[];
  readonly accuracy: number[];
  readonly rate: number;
}

export function train(
  optimizer: Optimizer & { readLearningRate(): Promise<number> },
  pixels: Uint8Array,
  labels: Uint8Array,
): Promise<Figures & { readonly model: LayersModel }>;
