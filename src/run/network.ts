import type { Values } from '../models/model.js';
import type { ArraySource } from './safetensors.js';

/**
 * A state's arrays under PyTorch's names and in its shapes, for a safetensors file: a convolution's weight is
 * [3, 3, inputs, outputs] here and [outputs, inputs, 3, 3] there. Parameters and buffers have the module's own names, `features.0.weight`; the update rule's state keeps its path, `rule/m/features.0.weight`.
 */
export function arraysOf(state: Readonly<Record<string, Values>>): ArraySource[] {
  const largest = Math.max(
    0,
    ...Object.values(state).map(({ shape, values }) => (shape.length === 4 ? values.length : 0)),
  );
  let scratch: Float32Array | undefined;
  return Object.entries(state).map(([path, { shape, values }]) => {
    const name = nameOf(path);
    if (shape.length !== 4) return { name, type: 'F32', shape, values: () => values };
    const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
    const kernel = { taps: height * width, inputs, outputs };
    return {
      name,
      type: 'F32',
      shape: [outputs, inputs, height, width],
      values: () => toTorch(values, kernel, (scratch ??= new Float32Array(largest))),
    };
  });
}

/** What a path of the state is called in a file: a module's own name, or the path. */
export function nameOf(path: string): string {
  return path.replace(/^(parameters|buffers)\//, '');
}

/** A file's array as the state has it: of four dimensions, [3, 3, inputs, outputs]. */
export function fromFile({ shape, values }: Values): Values {
  if (shape.length !== 4) return { shape, values };
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  return {
    shape: [height, width, inputs, outputs],
    values: fromTorch(values, { taps: height * width, inputs, outputs }),
  };
}

interface Kernel {
  /** height · width */
  readonly taps: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** [taps, inputs, outputs] to [outputs, inputs, taps], into the head of `scratch`. */
function toTorch(values: Float32Array, { taps, inputs, outputs }: Kernel, scratch: Float32Array): Float32Array {
  for (let tap = 0; tap < taps; tap++) {
    for (let input = 0; input < inputs; input++) {
      const from = (tap * inputs + input) * outputs;
      for (let output = 0; output < outputs; output++) {
        scratch[(output * inputs + input) * taps + tap] = values[from + output]!;
      }
    }
  }
  return scratch.subarray(0, values.length);
}

/** The way back. */
function fromTorch(values: Float32Array, { taps, inputs, outputs }: Kernel): Float32Array {
  const target = new Float32Array(values.length);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const from = (output * inputs + input) * taps;
      for (let tap = 0; tap < taps; tap++) target[(tap * inputs + input) * outputs + output] = values[from + tap]!;
    }
  }
  return target;
}
