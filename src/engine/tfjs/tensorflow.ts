import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import { shellWord, shown } from '../../text.js';
import { findPackage, pythons, type Found } from '../python.js';

/** TensorFlow as pip has installed it. */
export interface TensorFlow {
  readonly version: string;
  /** The module's folder, which holds libtensorflow_cc.so.2 and the headers. */
  readonly folder: string;
  /** The Python that has it. */
  readonly python: string;
  /** The version of CUDA that it was built for, '12.5.1'; null where it computes on the processor alone. */
  readonly cuda: string | null;
}

/** The engines of TensorFlow's C library. */
export type TensorFlowEngine = 'tfjs-node-gpu' | 'tfjs-node';

/** What pip is to install. */
const distributions = { 'tfjs-node-gpu': 'tensorflow[and-cuda]', 'tfjs-node': 'tensorflow-cpu' } as const;

/** What pip may have installed TensorFlow as. */
const pipNames = ['tensorflow', 'tensorflow-cpu', 'tf-nightly', 'tf-nightly-cpu'];

/** The commands that bring an engine what it lacks, from nothing. */
export function wholeWay(engine: TensorFlowEngine): string {
  const distribution = shellWord(distributions[engine]);
  return `python3 -m venv tf && tf/bin/pip install ${distribution} && npx hypergrad setup ${engine} --python tf`;
}

/** The binding was built against the versions of TensorFlow from 2.12 to 2.21; their C library is that of a major version. */
const [major, oldestMinor] = [2, 12] as const;

export const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/**
 * The TensorFlow of a Python environment: of the one that is named, by its folder or its interpreter, or else
 * of the first that has it among those that are asked for any engine. Python is asked where it lies; it is not loaded.
 *
 * @throws UsageError where there is none, or none that is whole and recent.
 */
export async function findTensorFlow(engine: TensorFlowEngine, named?: string): Promise<TensorFlow> {
  const interpreters = named === undefined ? pythons(process.env) : [interpreterOf(named)];
  const { found, asked } = await findPackage('tensorflow', pipNames, interpreters);
  if (!found) throw new UsageError(absent(engine, named, asked));
  const { version, folder, python } = found;
  const install = (option: string, bound = '') =>
    `${shellWord(python)} -m pip install ${option} ${shellWord(distributions[engine] + bound)}`;
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  if (ownMajor !== major || ownMinor < oldestMinor) {
    const wanted = `${major}.${oldestMinor} or a later ${major}.x is needed`;
    throw new UsageError(
      `TensorFlow ${shown(version, 50)} in ${shown(folder)} is too ${ownMajor > major ? 'new' : 'old'}: ${wanted}. ` +
        `Run ${install('--upgrade', `<${major + 1}`)}.`,
    );
  }
  const lacking = [...libraries, 'include/tensorflow/c/eager/c_api.h'].find((name) => !existsSync(join(folder, name)));
  if (lacking !== undefined) {
    throw new UsageError(
      `TensorFlow ${shown(version, 50)} in ${shown(folder)} is not whole, or not made for Linux by pip: it has no ${lacking}. ` +
        `Run ${install('--force-reinstall')}.`,
    );
  }
  return { version, folder, python, cuda: cudaOf(folder) };
}

/** A folder of an environment stands for the interpreter in it. @throws UsageError where there is none. */
function interpreterOf(named: string): string {
  const path = resolve(named);
  if (!existsSync(path)) throw new UsageError(`--python ${shown(named)}: there is no such file or folder.`);
  if (!statSync(path).isDirectory()) return path;
  const inside = ['bin/python', 'bin/python3'].map((name) => join(path, name)).find((name) => existsSync(name));
  if (inside === undefined) {
    throw new UsageError(
      `--python ${shown(named)}: this folder is no Python environment, which would have bin/python. Name one, or its interpreter.`,
    );
  }
  return inside;
}

function absent(engine: TensorFlowEngine, named: string | undefined, asked: Found['asked']): string {
  if (named !== undefined) {
    const { python, runs } = asked[0]!;
    if (!runs) return `--python ${shown(named)}: ${shown(python)} is no Python that runs.`;
    const install = `${shellWord(python)} -m pip install ${shellWord(distributions[engine])}`;
    return `--python ${shown(named)}: it has no TensorFlow. Run ${install}, then this command again.`;
  }
  const running = asked.filter(({ runs }) => runs).map(({ python }) => shown(python));
  if (running.length === 0) {
    return `there is no Python here. On Debian and Ubuntu sudo apt-get install python3-venv brings it; then ${wholeWay(engine)}.`;
  }
  const who = `${running.join(' and ')} ${running.length > 1 ? 'have' : 'has'} none`;
  return `there is no TensorFlow here (${who}). Run ${wholeWay(engine)}.`;
}

/** As the wheel itself tells it. */
function cudaOf(folder: string): string | null {
  let told: string;
  try {
    told = readFileSync(join(folder, 'python/platform/build_info.py'), 'utf8');
  } catch {
    return null;
  }
  if (!/'is_cuda_build', True|"is_cuda_build", True/.test(told)) return null;
  return /["']cuda_version["'], ["']([\d.]+)["']/.exec(told)?.[1] ?? '12';
}

/** Where pip lays CUDA's own libraries for a TensorFlow, if it was asked for them. */
export function hasCudaLibraries({ folder }: TensorFlow): boolean {
  return existsSync(join(dirname(folder), 'nvidia'));
}
