import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { RunFailure } from '../errors.js';
import { fileError } from '../files.js';

/**
 * Does something that only one process at a time may do in a folder. The file at `path` stands for it and tells who does;
 * one that a process of this machine left behind when it was killed is taken over.
 *
 * @param work what is done, as in 'is fetching CIFAR-10'.
 * @throws RunFailure where another process does it, UsageError where the folder cannot be written to.
 */
export async function alone<T>(path: string, work: string, action: () => Promise<T>): Promise<T> {
  const holder = { pid: process.pid, host: hostname() };
  if (!create(path, holder) && !(isStale(path) && takeAway(path) && create(path, holder))) {
    const { pid, host } = read(path) ?? {};
    const who = pid === undefined ? 'Another process' : `Process ${pid} on ${host}`;
    throw new RunFailure(
      `${who} ${work}. Wait until it has ended; if it is gone, remove ${path}. Then run this again.`,
    );
  }
  held.add(resolve(path));
  try {
    return await action();
  } finally {
    held.delete(resolve(path));
    rmSync(path, { force: true });
  }
}

/** The files that this process has made. In a container, one that was killed had the same number. */
const held = new Set<string>();

interface Holder {
  readonly pid: number;
  readonly host: string;
}

function create(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError(path, error);
  }
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined; // gone, or not yet written
  }
}

/** Whether who made the file at `at`, to stand for `path`, is gone. */
function isStale(path: string, at = path): boolean {
  const holder = read(at);
  if (holder?.host !== hostname()) return false;
  if (holder.pid === process.pid) return !held.has(resolve(path));
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Moves a stale file away, so that of several who find it one takes over. */
function takeAway(path: string): boolean {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return false;
  }
  const stale = isStale(path, aside);
  // A live one's, who was faster: it goes back.
  if (stale) rmSync(aside);
  else renameSync(aside, path);
  return stale;
}
