import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { RunFailure, UsageError } from './errors.js';
import { shown } from './text.js';

/**
 * Writes a file so that its name stands for the old contents or the new, never for a part: aside, to the disk, then
 * renamed. Makes its folder. What was aside goes where that fails. A link stays, and its file is replaced; a device or a
 * pipe, such as /dev/stdout, is written to as it is.
 *
 * @param parts the contents, one after the other; they are not copied.
 * @throws UsageError where the place cannot be written to, RunFailure where the disk fails or is full.
 */
export function writeWhole(path: string, parts: string | Uint8Array | Iterable<Uint8Array>): void {
  attempt(path, () => {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) refuseFolder(path);
    if (there && !there.isFile()) {
      writeTo(path, parts);
      return;
    }
    const target = there ? realpathSync(path) : path;
    makeFolder(dirname(target));
    const aside = `${target}.${process.pid}.tmp`;
    try {
      writeTo(aside, parts);
      renameSync(aside, target);
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    }
    syncFolder(dirname(target));
  });
}

function writeTo(path: string, parts: string | Uint8Array | Iterable<Uint8Array>): void {
  const file = openSync(path, 'w');
  try {
    for (const part of chunksOf(parts)) writeAll(file, part);
    if (fstatSync(file).isFile()) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Makes a folder and those it lies in, where they are not there. Below /proc, where a folder is and yet cannot be made,
 * Node's own recursive mkdir never returns.
 *
 * @returns the first that was made, if any: the others lie in it.
 */
export function makeFolder(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const parent = dirname(path);
  const first = parent === path ? undefined : makeFolder(parent);
  try {
    mkdirSync(path);
    return first ?? path;
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return makeFolder(path) ?? first; // and has taken it away again
    if (!found.isDirectory()) {
      throw new UsageError(`Cannot make the folder ${path}: it is a file. Move it away, or choose another place.`);
    }
    return first;
  }
}

/** Writes all of it: a single call of the system may take only a part. */
export function writeAll(file: number, bytes: Uint8Array, position: number | null = null): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(file, bytes, done, bytes.length - done, position === null ? null : position + done);
    } catch (error) {
      // A full pipe that another process has set not to wait: its reader will come to it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Opens a file to read. Whoever opens a named pipe waits for its writer, and hears no Ctrl-C meanwhile: it is refused, but
 * for what a shell or another program hands over below /dev.
 */
export function openToRead(path: string): number {
  if (!path.startsWith('/dev/') && statSync(path).isFIFO()) {
    throw Object.assign(new Error('it is a named pipe, whose end may never come'), { code: 'EINVAL', syscall: 'open' });
  }
  return openSync(path, 'r');
}

/** The bytes of a file, which `openToRead` opens. */
export function readWhole(path: string): Buffer {
  const file = openToRead(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** SHA-256 of a file, in hexadecimal; undefined where it cannot be read. */
export function sha256Of(path: string): string | undefined {
  try {
    return createHash('sha256').update(readWhole(path)).digest('hex');
  } catch {
    return undefined;
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

/** The disk's own faults, and those of a pipe's other end, which no other path mends. */
const diskFaults = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EPIPE', 'EFBIG', 'EMFILE', 'ENFILE', 'ENOMEM', 'ESTALE']);

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

/**
 * A failure to read as one of ours: what could not be read, and why.
 *
 * @param reasons words of our own for errors of some code.
 */
export function readError(what: string, error: unknown, reasons?: ReadonlyMap<string, string>): Error {
  const { code = '' } = error as NodeJS.ErrnoException;
  const text = `${what} cannot be read: ${reasons?.get(code) ?? reasonOf(error as Error)}`;
  return diskFaults.has(code) ? new RunFailure(text, { cause: error }) : new UsageError(text, { cause: error });
}

/**
 * A file's text, without the byte order mark that some programs begin with.
 *
 * @throws UsageError if the file cannot be read, RunFailure where that is the machine's fault.
 */
export function readText(path: string): string {
  try {
    return readWhole(path)
      .toString('utf8')
      .replace(/^\ufeff/, '');
  } catch (error) {
    throw readError(shown(path), error);
  }
}

/** Node's message without its code in front and its call and path behind: 'no space left on device'. */
export function reasonOf(error: Error): string {
  const [, reason] = /^[A-Z0-9]+: ([^,]+)/.exec(error.message) ?? [];
  return reason ?? error.message;
}

/** A file cannot take the place of a folder, and renaming onto one says so badly. */
export function refuseFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`Cannot write ${path}: it is a folder. Move it away, or choose another place.`);
  }
}

/** Rows that go into a named pipe are gone, or wait there for ever. */
export function refusePipe(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO()) {
    throw new UsageError(`Cannot write ${path}: it is a named pipe. Move it away, or choose another place.`);
  }
}

function* chunksOf(parts: string | Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array> {
  if (typeof parts === 'string') yield Buffer.from(parts);
  else if (parts instanceof Uint8Array) yield parts;
  else yield* parts;
}
