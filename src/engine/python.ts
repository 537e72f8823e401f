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
  const asked: string[] = [];
  for (const python of pythons(environment)) {
    const answer = await ask(python, module, distribution);
    if (answer) return answer;
    asked.push(python);
  }
  throw new UsageError(
    `no Python that was asked (${asked.join(', ')}) has ${distribution}; python3 -m venv V && V/bin/${install} ` +
      `brings it, and ${pythonVariable}=V/bin/python names it.`,
  );
}

function pythons({ [pythonVariable]: named, VIRTUAL_ENV, CONDA_PREFIX }: NodeJS.ProcessEnv): string[] {
  if (named) return [named];
  const active = [VIRTUAL_ENV, CONDA_PREFIX].filter((folder) => folder !== undefined);
  return [...active.map((folder) => join(folder, 'bin', 'python')), 'python3', 'python'];
}

const program = `
import importlib.metadata, importlib.util, json, os, sys
module, distribution = sys.argv[1:]
folder = os.path.dirname(importlib.util.find_spec(module).origin)
print(json.dumps({"site": os.path.dirname(folder), "folder": folder, "version": importlib.metadata.version(distribution)}))
`;

async function ask(python: string, module: string, distribution: string): Promise<PythonPackage | undefined> {
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', program, module, distribution], { timeout: 20_000 });
    return { python, ...(JSON.parse(stdout) as Omit<PythonPackage, 'python'>) };
  } catch {
    return undefined; // There is no such program, or it has no such package.
  }
}
