import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as Ort from 'onnxruntime-node';
import { UsageError } from '../../errors.js';

/**
 * ONNX Runtime as it is loaded everywhere: without its telemetry, which would look up a server by name, keep a device's
 * identity and a database in the home folder, and write to the terminal and into the temporary folder. The library reads
 * the variable when it is loaded, which an import statement would do before this line.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';

// The package brings the library along: scripts/bring-onnxruntime.js lays it there, and says why.
const brought = fileURLToPath(new URL('../../../dist/onnxruntime', import.meta.url));
/** The folder of the native libraries, where ONNX Runtime looks for those of more providers. */
export const runtimeLibraries = join(brought, 'bin/napi-v6', process.platform, process.arch);

const { InferenceSession, Tensor, env } = load();
export { InferenceSession, Tensor, env };
export const runtimeVersion = env.versions.node ?? '';
export type InferenceSession = Ort.InferenceSession;
export type Tensor = Ort.Tensor;

function load(): typeof Ort {
  try {
    return createRequire(import.meta.url)(brought) as typeof Ort;
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw new UsageError(
      `the engine onnx cannot be loaded (${reason}). It needs Linux with glibc, macOS on Apple silicon, or Windows; ` +
        '--engine cpu runs anywhere, slowly.',
      { cause: error },
    );
  }
}
