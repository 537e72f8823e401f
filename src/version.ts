import { readFileSync } from 'node:fs';

/** The program's version, with the commit that it was built from where the build could tell: `0.1.0+1a2b3c4d5e6f`. */
export function codeVersion(): string {
  const { version } = read('../package.json') as { version: string };
  // The sources, run as they are, have no such file beside them.
  const { commit } = (read('./build.json') ?? {}) as { commit?: string };
  return commit === undefined ? version : `${version}+${commit}`;
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
