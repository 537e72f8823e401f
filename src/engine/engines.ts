import type { Engine } from './engine.js';
import type { TfjsBackend } from './tfjs/backend.js';

export interface EngineOptions {
  /** onnx: threads within an operator; 0: as many as there are cores. */
  readonly threads: number;
  /** onnx: what counts as all cores; undefined: the machine's. */
  readonly cores?: number;
  /** onnx-cuda, tfjs-node-gpu, webgpu: index of the GPU. */
  readonly device: number;
  /** onnx-cuda, tfjs-node-gpu: whether the GPU may multiply in TF32; undefined: it may not. */
  readonly tf32?: boolean;
}

/**
 * The engines, by their names on the command line. Each one's packages are loaded only when it is asked for: they take a good
 * part of a second.
 */
const makers = {
  onnx: async ({ threads, cores }) => (await import('./onnx/engine.js')).onnxEngine({ threads, cores }),
  wasm: async ({ threads, cores }) => (await import('./wasm/engine.js')).wasmEngine({ threads, cores }),
  webgpu: async ({ device }) => (await import('./webgpu/engine.js')).webgpuEngine({ device }),
  'onnx-cuda': async ({ device, tf32 }) => (await import('./onnx_cuda/engine.js')).onnxCudaEngine({ device, tf32 }),
  'tfjs-node-gpu': (options) => tfjs('tfjs-node-gpu', options),
  'tfjs-node': (options) => tfjs('tfjs-node', options),
  cpu: (options) => tfjs('cpu', options),
} satisfies Record<string, (options: EngineOptions) => Promise<Engine>>;

export type EngineName = keyof typeof makers;
export const engineNames = Object.keys(makers) as readonly EngineName[];

export function createEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  return makers[name](options);
}

async function tfjs(backend: TfjsBackend, { device, tf32 }: EngineOptions): Promise<Engine> {
  return (await import('./tfjs/engine.js')).tfjsEngine(backend, { device, tf32 });
}
