import type { Engine } from './engine.js';

/** The engines' names, as on the command line. */
export const engineNames = ['onnx', 'webgpu', 'onnx-cuda', 'tfjs-node-gpu', 'tfjs-node', 'cpu'] as const;
export type EngineName = (typeof engineNames)[number];

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

/** Loads the engine's packages only when it is asked for: they take a good part of a second. */
export async function createEngine(name: EngineName, { threads, cores, device, tf32 }: EngineOptions): Promise<Engine> {
  if (name === 'onnx') return (await import('./onnx/engine.js')).onnxEngine({ threads, cores });
  if (name === 'webgpu') return (await import('./webgpu/engine.js')).webgpuEngine({ device });
  if (name === 'onnx-cuda') return (await import('./onnx_cuda/engine.js')).onnxCudaEngine({ device, tf32 });
  return (await import('./tfjs/engine.js')).tfjsEngine(name, { device, tf32 });
}
