import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../../errors.js';
import { shown } from '../../text.js';
import { driverFault } from '../nvidia.js';
import { findTensorFlow, libraries, wholeWay, type TensorFlow, type TensorFlowEngine } from './tensorflow.js';

const version = '4.22.0';
const require = createRequire(import.meta.url);

/** What lies in the folder of a binding that was set up. */
export interface Linked extends TensorFlow {
  readonly compiler: string;
  /** Bytes of the binding that it has compiled. */
  readonly size: number;
}

/** A native binding, and the package whose JavaScript goes with it. */
export interface Binding {
  readonly file: string;
  readonly packageFolder: string;
  /** The TensorFlow that was linked; undefined where npm has brought its own. */
  readonly linked: Linked | undefined;
}

/**
 * The folder that `hypergrad setup` writes: of this installation, so that it goes when that goes; HYPERGRAD_BINDING names
 * another one, where this one cannot be written to.
 */
export function bindingFolder(): string {
  const { HYPERGRAD_BINDING } = process.env;
  return HYPERGRAD_BINDING ?? fileURLToPath(new URL('../../../binding', import.meta.url));
}

const about = 'about.json';
const bindingName = 'tfjs_binding.node';
/** The link to TensorFlow's folder. */
const link = 'lib';

/**
 * The binding that an engine computes with: the one that was set up, or else the one that npm has brought.
 *
 * @throws UsageError where the TensorFlow has gone that it was set up with, or the binding was cut: it would end the process.
 */
export function findBinding(engine: TensorFlowEngine): Binding | undefined {
  const folder = bindingFolder();
  const linked = linkedIn(folder);
  const sources = packageFolder();
  if (linked && sources !== undefined && (engine === 'tfjs-node' || linked.cuda !== null)) {
    const file = join(folder, bindingName);
    const gone = [file, ...libraries.map((name) => join(folder, link, name))].find((path) => !existsSync(path));
    if (gone !== undefined) {
      throw new UsageError(
        `the engine ${engine} was set up with TensorFlow ${linked.version} in ${shown(linked.folder)}, which has gone ` +
          `(there is no ${shown(gone)}). Run npx hypergrad setup ${engine} again.`,
      );
    }
    const { size } = statSync(file);
    if (size !== linked.size) {
      throw new UsageError(
        `the engine ${engine} was set up, but ${shown(file)} has been damaged since (it has ${size} bytes, and had ` +
          `${linked.size}). Run npx hypergrad setup ${engine} again.`,
      );
    }
    return { file, packageFolder: sources, linked };
  }
  const own = folderOf(`@tensorflow/${engine}`);
  const file = join(own ?? '', 'lib/napi-v8', bindingName);
  return own !== undefined && existsSync(file) ? { file, packageFolder: own, linked: undefined } : undefined;
}

/** What was linked to; undefined where nothing was set up, or not to its end. */
export function linkedIn(folder: string): Linked | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, about), 'utf8')) as Linked;
  } catch {
    return undefined;
  }
}

/** What a binding is made of, all of it there. */
export interface Parts {
  readonly packageFolder: string;
  readonly tensorflow: TensorFlow;
  readonly compiler: string;
}

/**
 * Finds what a binding is made of.
 *
 * @param python the environment that has TensorFlow, or its interpreter; undefined: the active one.
 * @throws UsageError that says what is missing, and the command that brings it.
 */
export async function findParts(engine: TensorFlowEngine, python?: string): Promise<Parts> {
  if (process.platform !== 'linux') {
    throw new UsageError(
      `the engine ${engine} is set up on Linux (on Windows, in its Linux). Elsewhere it needs npm install ` +
        `--no-save --ignore-scripts=false @tensorflow/${engine}@${version}, which fetches a TensorFlow of 2022.`,
    );
  }
  const sources = packageFolder();
  if (sources === undefined) {
    throw new UsageError(
      `the engine ${engine} needs the package @tensorflow/tfjs-node-gpu, whose own step of installation is not needed. ` +
        `Run npm install --ignore-scripts @tensorflow/tfjs-node-gpu@${version} where hypergrad is installed.`,
    );
  }
  const tensorflow = await findTensorFlow(engine, python);
  if (engine === 'tfjs-node-gpu') {
    if (tensorflow.cuda === null) {
      throw new UsageError(
        `TensorFlow ${tensorflow.version} in ${shown(tensorflow.folder)} computes on the processor alone. ` +
          `For a GPU, run ${wholeWay(engine)}.`,
      );
    }
    const fault = driverFault(tensorflow.cuda);
    if (fault !== undefined) throw new UsageError(`the engine ${engine} needs a GPU, and ${fault}.`);
  }
  return { packageFolder: sources, tensorflow, compiler: findCompiler() };
}

/** A binding that was built, and is not in its place yet. */
export interface Built {
  readonly folder: string;
  keep(): void;
  discard(): void;
}

/**
 * Links a binding to TensorFlow, and compiles it. One that is in place stays there until `keep`.
 *
 * @throws UsageError where the compiler refuses it, or the folder cannot be written to.
 */
export function build({ packageFolder: sources, tensorflow, compiler }: Parts): Built {
  const folder = bindingFolder();
  refuseForeign(folder);
  const fresh = `${folder}.${process.pid}`;
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    // The folder as a whole: TensorFlow looks for CUDA's libraries beside it.
    symlinkSync(tensorflow.folder, join(fresh, link));
  } catch (error) {
    throw new UsageError(
      `Cannot write to ${shown(folder)} (${(error as Error).message}). HYPERGRAD_BINDING may name another folder.`,
      { cause: error },
    );
  }
  const { include_dir } = require('node-api-headers') as { include_dir: string };
  const args = [
    ...['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8'],
    ...['-I', include_dir, '-I', join(tensorflow.folder, 'include'), '-I', sources],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(sources, 'binding', name)),
    ...['-o', join(fresh, bindingName), '-L', tensorflow.folder],
    ...[...libraries.map((name) => `-l:${name}`), `-Wl,-rpath,$ORIGIN/${link}`],
  ];
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    const lines = (stderr || (error?.message ?? '')).split('\n');
    const reason = lines.find((line) => /error|cannot|not found/i.test(line)) ?? lines[0] ?? '';
    throw new UsageError(
      `${shown(compiler)} cannot compile the binding to TensorFlow ${tensorflow.version} (${shown(reason.trim(), 500)}). ` +
        'It needs a g++ of version 9 or later, with its C++ library (CXX names another compiler), and a TensorFlow from 2.12 to 2.21; ' +
        'a later one has not been tried.',
    );
  }
  const linked: Linked = { ...tensorflow, compiler, size: statSync(join(fresh, bindingName)).size };
  writeFileSync(join(fresh, about), `${JSON.stringify(linked, undefined, 2)}\n`);
  return {
    folder: fresh,
    keep() {
      rmSync(folder, { recursive: true, force: true });
      renameSync(fresh, folder);
    },
    discard: () => rmSync(fresh, { recursive: true, force: true }),
  };
}

/** Takes away what was set up; whether there was anything. @throws UsageError where the folder holds something else. */
export function removeBinding(): boolean {
  const folder = bindingFolder();
  const there = existsSync(folder);
  refuseForeign(folder);
  // The link goes, and what it leads to stays.
  rmSync(folder, { recursive: true, force: true });
  return there;
}

function refuseForeign(folder: string): void {
  const foreign = existsSync(folder) && readdirSync(folder).find((name) => ![link, bindingName, about].includes(name));
  if (!foreign) return;
  throw new UsageError(
    `${shown(folder)} holds something else (${shown(foreign, 200)}); HYPERGRAD_BINDING must name a folder of its own.`,
  );
}

/** What an engine lacks that has no binding, with the command that brings it. */
export async function missing(engine: TensorFlowEngine): Promise<string> {
  try {
    const { tensorflow } = await findParts(engine);
    return (
      `the engine ${engine} is not set up yet: npx hypergrad setup ${engine} links it to ` +
      `TensorFlow ${tensorflow.version} in ${shown(tensorflow.folder)}`
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return `the engine ${engine} is not set up yet: npx hypergrad setup ${engine} would do it, but ${error.message.replace(/\.$/, '')}`;
  }
}

/** Both packages have the same source and the same JavaScript. */
function packageFolder(): string | undefined {
  return folderOf('@tensorflow/tfjs-node-gpu') ?? folderOf('@tensorflow/tfjs-node');
}

function folderOf(name: string): string | undefined {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function findCompiler(): string {
  const { CXX } = process.env;
  const names = CXX ? [CXX] : ['g++', 'c++', 'clang++'];
  const found = names.find((name) => spawnSync(name, ['--version']).status === 0);
  if (found !== undefined) return found;
  throw new UsageError(
    `there is no C++ compiler here (${CXX ? `CXX=${shown(CXX, 200)} does not run` : 'none of g++, c++, clang++ is on the PATH'}). ` +
      'sudo apt-get install g++ brings one on Debian and Ubuntu, sudo dnf install gcc-c++ on Fedora and Red Hat.',
  );
}
