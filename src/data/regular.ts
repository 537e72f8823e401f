import { readFileSync, statSync, type Stats } from 'node:fs';
import { UsageError } from '../errors.js';

/**
 * The bytes of a regular file. Of a pipe or a device the end might never come.
 *
 * @throws UsageError where it is none, or cannot be read.
 */
export function readRegular(path: string): Uint8Array {
  regularSize(path);
  return readable(path, () => readFileSync(path));
}

/**
 * The size of a regular file, in bytes.
 *
 * @throws UsageError where it is none, or cannot be seen.
 */
export function regularSize(path: string): number {
  const stats = readable(path, () => statSync(path));
  if (stats.isFile()) return stats.size;
  throw new UsageError(`${path} is ${kindOf(stats)}; expected a regular file. Move it away.`);
}

function readable<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${(error as Error).message}.`, { cause: error });
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}
