import type { RandomSource } from '../random/mt19937.js';
import { normal } from '../random/torch.js';
import type { Values } from './model.js';

/**
 * PyTorch 0.3's Conv2d(inputs, outputs, 3): spends the draws of its default initialisation, of weight and bias, which VGG
 * overwrites.
 */
export function constructConvolution(source: RandomSource, inputs: number, outputs: number): void {
  source.skip(outputs * inputs * 9 + outputs);
}

/** VGG's initialisation, weight normal(0, √(2/(9·outputs))), as [3, 3, inputs, outputs] (PyTorch: [outputs, inputs, 3, 3]). */
export function initConvolution(source: RandomSource, inputs: number, outputs: number): Values {
  const drawn = normal(source, outputs * inputs * 9, 0, Math.sqrt(2 / (9 * outputs)));
  const values = new Float32Array(drawn.length);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let tap = 0; tap < 9; tap++) {
        values[(tap * inputs + i) * outputs + o] = drawn[(o * inputs + i) * 9 + tap] ?? 0;
      }
    }
  }
  return { shape: [3, 3, inputs, outputs], values };
}
