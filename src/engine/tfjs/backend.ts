import util from 'node:util';
import '@tensorflow/tfjs-backend-cpu';
import { backend, enableProdMode, setBackend } from '@tensorflow/tfjs-core';
import { UsageError } from '../../errors.js';

/** tfjs backends: the two that bind to TensorFlow's C library, and plain JavaScript. */
export const tfjsBackends = ['tfjs-node-gpu', 'tfjs-node', 'cpu'] as const;
export type TfjsBackend = (typeof tfjsBackends)[number];

export interface BackendOptions {
  /** Index of the GPU. */
  readonly device?: number;
}

const install = 'npm install --no-save --ignore-scripts=false @tensorflow';
const remedies = {
  'tfjs-node-gpu': `It needs an NVIDIA GPU, CUDA 11.2 and cuDNN 8.1; ${install}/tfjs-node-gpu@4.22.0 installs it`,
  'tfjs-node': `${install}/tfjs-node@4.22.0 installs it`,
};

/**
 * Makes a backend tfjs's current one.
 * @throws UsageError if its package cannot be loaded, or sees no GPU where it should.
 */
export async function loadBackend(name: TfjsBackend, { device = 0 }: BackendOptions): Promise<void> {
  enableProdMode(); // no advice on standard error to install another backend
  if (name === 'cpu') {
    await setBackend('cpu');
    return;
  }
  await importPackage(name, device);
  await setBackend('tensorflow');
  const { isUsingGpuDevice } = backend() as { isUsingGpuDevice?: boolean };
  if (name === 'tfjs-node-gpu' && !isUsingGpuDevice) {
    throw new UsageError(`@tensorflow/tfjs-node-gpu sees no GPU ${device}. ${remedies[name]}.`);
  }
}

async function importPackage(name: keyof typeof remedies, device: number): Promise<void> {
  process.env.CUDA_VISIBLE_DEVICES = String(device);
  // tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed.
  (util as { isNullOrUndefined?: (value: unknown) => boolean }).isNullOrUndefined ??= (value) => value == null;
  const packageName = `@tensorflow/${name}`;
  try {
    await import(packageName);
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    throw new UsageError(`the engine ${name} cannot be loaded (${reason?.trim() ?? ''}). ${remedies[name]}.`);
  }
}
