import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UsageError } from '../errors.js';

/** A package as a Python environment has it. */
export interface PythonPackage {
  /** The program that was asked. */
  readonly python: string;
  /** The environment's folder of packages. */
  readonly site: string;
  /** The package's own folder. */
  readonly folder: string;
  readonly version: string;
}

/** Names the Python that brings an engine's libraries. */
export const pythonVariable = 'HYPERGRAD_PYTHON';

/**
 * Finds a package that Python has, without importing it: in the Python that HYPERGRAD_PYTHON names, else in the active
 * environment, else in the first on the path.
 *
 * @param module as it is imported; @param distribution as pip installs it.
 * @throws UsageError that says who was asked, and what to install.
 */
export async function pythonPackage(
  module: string,
  distribution: string,
  install: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<PythonPackage> {
  const { found, asked } = await findPackage(module, [distribution], pythons(environment));
  if (found) return found;
  throw new UsageError(
    `no Python that was asked (${asked.map(({ python }) => python).join(', ')}) has ${distribution}; ` +
      `python3 -m venv V && V/bin/${install} brings it, and ${pythonVariable}=V/bin/python names it.`,
  );
}

export interface Found {
  readonly found: PythonPackage | undefined;
  /** Who was asked, and whether it is a Python that runs. */
  readonly asked: readonly { readonly python: string; readonly runs: boolean }[];
}

/** Finds a package, under the first of the names that pip may have installed it by, in the first Python that has it. */
export async function findPackage(
  module: string,
  distributions: readonly string[],
  interpreters: readonly string[],
): Promise<Found> {
  const asked: Found['asked'][number][] = [];
  for (const python of interpreters) {
    const answer = await ask(python, module, distributions);
    if (answer?.folder != null) return { found: { python, ...answer }, asked };
    asked.push({ python, runs: answer !== undefined });
  }
  return { found: undefined, asked };
}

/** The Pythons to ask, the likeliest first. */
export function pythons({ [pythonVariable]: named, VIRTUAL_ENV, CONDA_PREFIX }: NodeJS.ProcessEnv): string[] {
  if (named) return [named];
  const active = [VIRTUAL_ENV, CONDA_PREFIX].filter((folder) => folder !== undefined);
  return [...active.map((folder) => join(folder, 'bin', 'python')), 'python3', 'python'];
}

const program = `
import importlib.metadata as metadata, importlib.util as util, json, os, sys
module, *distributions = sys.argv[1:]
def version(name):
    try: return metadata.version(name)
    except metadata.PackageNotFoundError: return None
spec, versions = util.find_spec(module), [v for v in map(version, distributions) if v]
there = spec and spec.origin and versions
folder = os.path.dirname(spec.origin) if there else None
print(json.dumps({"site": folder and os.path.dirname(folder), "folder": folder, "version": there and versions[0]}))
`;

type Answer = Omit<PythonPackage, 'python'> | { readonly folder: null };

/** undefined where it is no Python that runs. */
async function ask(python: string, module: string, distributions: readonly string[]): Promise<Answer | undefined> {
  try {
    const args = ['-c', program, module, ...distributions];
    const { stdout } = await promisify(execFile)(python, args, { timeout: 20_000 });
    return JSON.parse(stdout) as Answer;
  } catch {
    return undefined;
  }
}
