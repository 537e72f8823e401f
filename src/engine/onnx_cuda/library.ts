import { existsSync, readdirSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { UsageError } from '../../errors.js';
import { runtimeLibraries, runtimeVersion } from '../onnx/runtime.js';
import { pythonPackage } from '../python.js';

/** What brings the CUDA provider: of the same version as the library that it is loaded into, which it is built with. */
const install = `pip install 'onnxruntime-gpu[cuda,cudnn]==${runtimeVersion}'`;

/** In the order in which they need each other. */
const cudaLibraries = [
  'libcudart.so.13',
  'libcublasLt.so.13',
  'libcublas.so.13',
  'libcurand.so.10',
  'libcudnn.so.9',
] as const;

const providers = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;

/**
 * Makes the CUDA provider of a Python environment one that ONNX Runtime finds: links beside its own library, where alone it
 * looks, and NVIDIA's libraries loaded by their paths, so that no LD_LIBRARY_PATH is needed.
 *
 * @throws UsageError that says what is missing, and the command that brings it.
 */
export async function loadCudaProvider(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UsageError(
      `the engine onnx-cuda needs Linux on x64, this is ${process.platform} on ${process.arch}; ` +
        '--engine webgpu computes on any graphics card.',
    );
  }
  const driver = loadLibrary('libcuda.so.1');
  if (driver) {
    throw new UsageError(
      `the engine onnx-cuda finds no NVIDIA driver (${driver}); it needs one of version 580 or later, ` +
        'which nvidia-smi tells. --engine webgpu computes on any graphics card.',
    );
  }
  const { python, site, folder, version } = await pythonPackage('onnxruntime', 'onnxruntime-gpu', install);
  if (version !== runtimeVersion) {
    throw new UsageError(
      `the engine onnx-cuda needs onnxruntime-gpu ${runtimeVersion}, and ${python} has ${version}; ${python} -m ${install} brings it.`,
    );
  }
  const missing = providers.find((name) => !existsSync(join(folder, 'capi', name)));
  if (missing !== undefined) {
    throw new UsageError(
      `the engine onnx-cuda finds no ${missing} in ${join(folder, 'capi')}: the package is not whole, or onnxruntime without a ` +
        `GPU was installed over it; ${python} -m ${install} --force-reinstall brings it.`,
    );
  }
  for (const name of cudaLibraries) {
    const path = inEnvironment(site, name);
    const fault = loadLibrary(path ?? name);
    if (fault)
      throw new UsageError(`the engine onnx-cuda cannot load ${name} (${fault}); ${python} -m ${install} brings it.`);
  }
  for (const name of providers) linkBeside(join(folder, 'capi', name), join(runtimeLibraries, name));
}

/** pip's packages of NVIDIA lay their libraries into nvidia/<package>/lib. */
function inEnvironment(site: string, name: string): string | undefined {
  const root = join(site, 'nvidia');
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .map((part) => join(root, part, 'lib', name))
    .find((path) => existsSync(path));
}

/** Loads a library for those that are loaded after it, and for good; returns why it cannot. */
function loadLibrary(path: string): string | undefined {
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  const RTLD_NODELETE = 0x1000; // as Linux has it; Node does not list it
  try {
    process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    const { message } = error as Error;
    // It is no module of Node, which is said of it once it has been loaded.
    if (!message.includes('self-register')) return message;
  }
  return undefined;
}

/** @throws UsageError where nothing can be written there. */
function linkBeside(target: string, link: string): void {
  const there = () => {
    try {
      return readlinkSync(link);
    } catch {
      return undefined;
    }
  };
  if (there() === target) return;
  // Made elsewhere and renamed: another process may be doing the same.
  const made = `${link}.${process.pid}`;
  try {
    symlinkSync(target, made);
    renameSync(made, link);
  } catch (error) {
    throw new UsageError(
      `the engine onnx-cuda has to link ${target} into ${dirname(link)}, and cannot (${(error as Error).message}); ` +
        'install hypergrad where you may write.',
      { cause: error },
    );
  }
}
