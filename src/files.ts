import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { RunFailure, UsageError } from './errors.js';

/**
 * Writes a file so that its name stands for the old contents or the new, never for a part: aside, to the disk, then
 * renamed. Makes its folder. What was aside goes where that fails.
 *
 * @param parts the contents, one after the other; they are not copied.
 * @throws UsageError where the place cannot be written to, RunFailure where the disk fails or is full.
 */
export function writeWhole(path: string, parts: string | Uint8Array | Iterable<Uint8Array>): void {
  const aside = `${path}.${process.pid}.tmp`;
  attempt(path, () => {
    refuseFolder(path);
    makeFolder(dirname(path));
    try {
      const file = openSync(aside, 'w');
      try {
        for (const part of chunksOf(parts)) writeAll(file, part);
        if (fstatSync(file).isFile()) fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(aside, path);
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    }
  });
  syncFolder(dirname(path));
}

/**
 * Makes a folder with those above it, where it is missing. Node's own way never returns where a folder takes no entries
 * and says so with ENOENT, as those below /proc do.
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/** Writes all of it: a single call of the system may take only a part. */
export function writeAll(file: number, bytes: Uint8Array, position: number | null = null): void {
  for (let done = 0; done < bytes.length;) {
    const written = writeSync(file, bytes, done, bytes.length - done, position === null ? null : position + done);
    done += written;
  }
}

/** Makes the renames in a folder last through a loss of power, where the system can (Windows cannot). */
export function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // The contents are on the disk all the same.
  }
}

/** Does what may fail at the file system; says of which path, and whose fault it is. */
export function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileError(path, error);
  }
}

/** The disk's own faults, which no other path mends. */
const diskFaults = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', 'EMFILE', 'ENFILE', 'ENOMEM', 'ESTALE']);

/** A failure to write `path` as one of ours; what is no file system's error stays as it is. */
export function fileError(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (diskFaults.has(code)) {
    const remedy = code === 'ENOSPC' || code === 'EDQUOT' ? ' Make room, then run the command again.' : '';
    return new RunFailure(`Cannot write ${path}: ${reasonOf(error)}.${remedy}`, { cause: error });
  }
  return new UsageError(`Cannot write ${path}: ${reasonOf(error)}. Choose a place that can be written to.`, {
    cause: error,
  });
}

/** Node's message without its code in front and its call and path behind: 'no space left on device'. */
function reasonOf(error: Error): string {
  const [, reason] = /^[A-Z0-9]+: ([^,]+)/.exec(error.message) ?? [];
  return reason ?? error.message;
}

function refuseFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`Cannot write ${path}: it is a folder. Move it away, or choose another place.`);
  }
}

function* chunksOf(parts: string | Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array> {
  if (typeof parts === 'string') yield Buffer.from(parts);
  else if (parts instanceof Uint8Array) yield parts;
  else yield* parts;
}
