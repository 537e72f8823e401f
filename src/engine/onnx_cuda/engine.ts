import { UsageError } from '../../errors.js';
import { startTogether, type Engine } from '../engine.js';
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
  async function withProvider<T>(start: () => Promise<T>): Promise<T> {
    chooseTf32(tf32);
    env.logLevel = 'fatal'; // what fails is thrown, too
    await loadCudaProvider();
    try {
      return await start();
    } catch (error) {
      throw refused(error as Error, device);
    }
  }
  return {
    name: 'onnx-cuda',
    version: `onnxruntime ${runtimeVersion}, cuda${tf32 ? ', TF32' : ''}`,
    start: (program, options) => withProvider(() => inner.start(program, options)),
    startTogether: (programs, options) => withProvider(() => startTogether(inner, programs, options)),
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
