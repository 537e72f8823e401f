import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import '@tensorflow/tfjs-backend-cpu';
import {
  backend,
  enableProdMode,
  findBackendFactory,
  registerBackend,
  setBackend,
  type KernelBackend,
} from '@tensorflow/tfjs-core';
import { UsageError } from '../../errors.js';
import { shown } from '../../text.js';
import { chooseTf32, driverFault, visibleCard } from '../nvidia.js';
import { bindingFolder, findBinding, missing, type Binding } from './binding.js';
import { hasCudaLibraries, type TensorFlowEngine } from './tensorflow.js';

/** tfjs backends: the two that bind to TensorFlow's C library, and plain JavaScript. */
export type TfjsBackend = TensorFlowEngine | 'cpu';

export interface BackendOptions {
  /** Index of the GPU. */
  readonly device?: number | undefined;
  /** Whether a GPU may multiply in TF32, with ten bits of a mantissa in place of 23. */
  readonly tf32?: boolean | undefined;
}

/**
 * Makes a backend tfjs's current one.
 *
 * @throws UsageError if it is not set up, cannot be loaded, or sees no GPU where it should.
 */
export async function loadBackend(name: TfjsBackend, options: BackendOptions): Promise<void> {
  enableProdMode(); // no advice on standard error to install another backend
  if (name === 'cpu') {
    await setBackend('cpu');
    return;
  }
  const binding = findBinding(name);
  if (!binding) throw new UsageError(`${await missing(name)}.`);
  setEnvironment(name, options);
  if (!findBackendFactory('tensorflow')) register(name, binding);
  await setBackend('tensorflow');
  const { isUsingGpuDevice } = backend() as { isUsingGpuDevice?: boolean };
  if (name === 'tfjs-node-gpu' && !isUsingGpuDevice) throw new UsageError(noGpu(binding, options.device ?? 0));
}

/** TensorFlow reads these when it is loaded. What the user has set stays, but for the choice of the GPU. */
function setEnvironment(name: TensorFlowEngine, { device = 0, tf32 = false }: BackendOptions): void {
  const { env } = process;
  env.TF_CPP_MIN_LOG_LEVEL ??= '3'; // no talk on standard error
  env.TF_ENABLE_ONEDNN_OPTS ??= '0'; // nor oneDNN's, which the level does not silence
  if (name === 'tfjs-node') {
    env.CUDA_VISIBLE_DEVICES = '-1';
    return;
  }
  env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID'; // as nvidia-smi counts
  env.CUDA_VISIBLE_DEVICES = visibleCard(device);
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // not all of the card's memory at once
  env.CUDA_CACHE_MAXSIZE ??= String(2 ** 32); // room for what the driver compiles for a card newer than TensorFlow
  chooseTf32(tf32);
}

/**
 * Registers the backend of a package as tfjs's own. Of the package its parts are loaded, not its main module: that looks
 * for the binding by the arguments of the command line, of which it takes --dir for one of its own.
 */
function register(name: TensorFlowEngine, { file, packageFolder, linked }: Binding): void {
  // The package calls these, which Node 23 has removed, and of which Node 22 says that they are deprecated.
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray });
  const require = createRequire(import.meta.url);
  let binding: { readonly TF_Version: string };
  try {
    require(join(packageFolder, 'dist/register_all_kernels.js'));
    binding = require(file) as typeof binding;
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw new UsageError(
      `the engine ${name} cannot be loaded (${shown(reason.trim())}). Run npx hypergrad setup ${name} again.`,
      { cause: error },
    );
  }
  if (linked && numbers(binding.TF_Version) !== numbers(linked.version)) {
    throw new UsageError(
      `the engine ${name} was set up with TensorFlow ${linked.version}, and in its place there is ${binding.TF_Version} now. ` +
        `Run npx hypergrad setup ${name} again.`,
    );
  }
  const { NodeJSKernelBackend } = require(join(packageFolder, 'dist/nodejs_kernel_backend.js')) as {
    NodeJSKernelBackend: new (binding: unknown, packageName: string) => KernelBackend;
  };
  registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, `@tensorflow/${name}`));
}

/** Python writes candidates otherwise: 2.21.0rc1 for 2.21.0-rc1. */
function numbers(version: string): string | undefined {
  return /^\d+\.\d+\.\d+/.exec(version)?.[0];
}

/** Why TensorFlow sees no GPU, as far as that can be told. */
function noGpu({ linked }: Binding, device: number): string {
  const sees = `the engine tfjs-node-gpu sees no GPU ${device}`;
  if (!linked) {
    return (
      `${sees}. The TensorFlow that npm has brought needs CUDA 11.2 and cuDNN 8.1; ` +
      'npx hypergrad setup tfjs-node-gpu links a newer one.'
    );
  }
  const fault = driverFault(linked.cuda ?? '12');
  if (fault !== undefined) return `${sees}: ${fault}.`;
  if (!hasCudaLibraries(linked)) {
    return (
      `${sees}: CUDA's libraries are not beside TensorFlow ${linked.version} in ${shown(bindingFolder())}. ` +
      `Run ${shown(linked.python)} -m pip install 'tensorflow[and-cuda]==${linked.version}'.`
    );
  }
  return (
    `${sees}: the driver and CUDA's libraries are there. nvidia-smi lists the GPUs; with TF_CPP_MIN_LOG_LEVEL=0 in the ` +
    'environment TensorFlow says why.'
  );
}
