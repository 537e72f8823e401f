import { UsageError } from '../../errors.js';
import type { Engine } from '../engine.js';
import { chooseTf32 } from '../nvidia.js';
import { onnxEngine } from '../onnx/engine.js';
import { env, runtimeVersion } from '../onnx/runtime.js';
import { loadCudaProvider } from './library.js';

export interface OnnxCudaOptions {
  /** Index of the GPU among those that CUDA shows. */
  readonly device?: number;
  /** Whether products may be rounded to TF32; else they are of float32. */
  readonly tf32?: boolean | undefined;
}

/**
 * The graphs of the engine onnx on an NVIDIA GPU: the whole loop over mini-batches stays there, and the state crosses once a
 * call.
 */
export function onnxCudaEngine({ device = 0, tf32 }: OnnxCudaOptions = {}): Engine {
  const inner = onnxEngine({ threads: 1, provider: { name: 'cuda', deviceId: device } });
  return {
    ...inner,
    name: 'onnx-cuda',
    version: `onnxruntime ${runtimeVersion}, cuda${tf32 ? ', TF32' : ''}`,
    async start(program, options) {
      chooseTf32(tf32);
      env.logLevel = 'fatal'; // what fails is thrown, too
      await loadCudaProvider();
      try {
        return await inner.start(program, options);
      } catch (error) {
        throw refused(error as Error, device);
      }
    },
  };
}

/** What the provider says of a GPU or driver that it cannot use, as a user's mistake. */
function refused(error: Error, device: number): Error {
  const reason = /CUDA failure \d+: [^;]*|CUDNN?[ _]failure[^;]*|Failed to load shared library/i.exec(error.message);
  if (!reason) return error;
  return new UsageError(
    `the engine onnx-cuda cannot use GPU ${device} (${reason[0].trim()}). It needs an NVIDIA GPU from Turing on, ` +
      'and a driver of version 580 or later; --engine onnx computes on the processor.',
    { cause: error },
  );
}
