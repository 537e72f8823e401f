import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileError } from '../files.js';
import { RunFailure } from '../errors.js';

/**
 * Does something that only one process at a time may do in a folder. The file at `path` stands for it and tells who does;
 * one that a process of this machine left behind when it was killed is taken over.
 *
 * @param work what is done, as in 'is fetching CIFAR-10'.
 * @throws RunFailure where another process does it, UsageError where the folder cannot be written to.
 */
export async function alone<T>(path: string, work: string, action: () => Promise<T>): Promise<T> {
  const holder = { pid: process.pid, host: hostname() };
  if (!create(path, holder) && !(isStale(read(path)) && takeAway(path) && create(path, holder))) {
    const { pid, host } = read(path) ?? {};
    const who = pid === undefined ? 'Another process' : `Process ${pid} on ${host}`;
    throw new RunFailure(
      `${who} ${work}. Wait until it has ended; if it is gone, remove ${path}. Then run this again.`,
    );
  }
  try {
    return await action();
  } finally {
    rmSync(path, { force: true });
  }
}

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

function isStale(holder: Holder | undefined): boolean {
  if (holder?.host !== hostname()) return false;
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
  const stale = isStale(read(aside));
  // A live one's, who was faster: it goes back.
  if (stale) rmSync(aside);
  else renameSync(aside, path);
  return stale;
}
