import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { RunFailure, UsageError } from './errors.js';
import { attempt, makeFolder, readWhole } from './files.js';

/** Something that is held until it is released: of several processes, on any machines, by one. */
export interface Lock {
  /** @throws RunFailure where another process has taken it over, after minutes in which this one was silent. */
  check(): void;
  /** Gives it back, and takes away the folders that were made for it where nothing is in them. */
  release(): void;
}

/** Another process holds it: which, since when, and the way out. */
export class Held extends UsageError {
  override name = 'Held';
}

/** A holder tells so often that it is alive. */
const beat = 15_000;
/** A holder on another machine that has been silent for so long is taken for dead. */
const silence = 180_000;

/** A folder that is gone so often before there is a file in it cannot be written to. */
const mostTries = 100;

/** Who holds something, as the file tells in JSON. */
interface Holder {
  readonly id: string;
  readonly pid: number;
  /** When the process was started, as its system counts; undefined where that does not tell. */
  readonly born: string | undefined;
  readonly host: string;
  /** Which of the host's starts, and which of its spaces of process numbers: a pid means something only within. */
  readonly space: string;
  readonly since: string;
}

export interface LockOptions {
  /** What the holder does: 'writing results/…/adam.csv'. */
  readonly work: string;
  /** A sentence: what whoever is refused can do. */
  readonly wayOut: string;
}

/**
 * Takes what the file at `path` stands for. Its exclusive creation decides, which network file systems have too; the lock
 * of a holder that is dead is taken over by whoever first creates a file of that holder's name.
 *
 * @throws Held where another process holds it, UsageError where the folder cannot be written to.
 */
export function hold(path: string, { work, wayOut }: LockOptions): Lock {
  const folder = dirname(path);
  const me: Holder = {
    id: randomUUID(),
    pid: process.pid,
    born: birth(process.pid),
    ...place(),
    since: new Date().toISOString(),
  };
  const made = inFolderOf(path, () =>
    take(path, me, (holder) => `${heldBy(holder)} has been ${work} since ${holder.since}. ${wayOut}`),
  );

  let lost = false;
  const timer = setInterval(() => {
    const holder = read(path);
    if (holder?.id === me.id) touch(path, me);
    // Somebody took the file away: whoever creates it now holds what it stands for.
    else if (holder !== undefined || !create(path, me)) lost = true;
  }, beat);
  timer.unref();
  return {
    check() {
      const holder = read(path);
      if (lost || (holder !== undefined && holder.id !== me.id)) {
        throw new RunFailure(`${path} has been taken over by another process: this one was silent for minutes.`);
      }
    },
    release() {
      clearInterval(timer);
      if (read(path)?.id === me.id) rmSync(path, { force: true });
      removeEmpty(folder, made);
    },
  };
}

/**
 * Whether a process holds what the file at `path` stands for, as far as can be told without writing: of one on another
 * machine, by this one's clock.
 */
export function isHeld(path: string): boolean {
  const holder = read(path);
  const silent = () => (orNothing(() => Date.now() - statSync(path).mtimeMs) ?? Infinity) > silence;
  return holder !== undefined && isAlive(holder, silent);
}

/**
 * Makes a file's folder, and does something in it; again where another holder, whose last file it had, takes it away in between.
 *
 * @returns the first of the folders that were made, if any.
 */
function inFolderOf(path: string, action: () => void): string | undefined {
  const folder = dirname(path);
  for (let tries = 0; ; tries++) {
    let made: string | undefined;
    try {
      made = attempt(path, () => makeFolder(folder));
      action();
      return made;
    } catch (error) {
      removeEmpty(folder, made);
      const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
      if (code !== 'ENOENT' || tries === mostTries) throw error;
    }
  }
}

function take(path: string, me: Holder, refusal: (holder: Holder) => string): void {
  for (let tries = 0; ; tries++) {
    if (create(path, me)) return;
    const holder = read(path);
    if (holder === undefined) continue; // it has just been released
    const beingWritten = holder.id === unknown.id && tries < 20;
    if (!beingWritten) {
      if (isAlive(holder, () => isSilent(path))) throw new Held(refusal(holder));
      if (inherit(path, holder, me)) return;
    }
    pause(50);
    if (tries > 0 && tries % 40 === 0) rmSync(heirOf(path, holder), { force: true }); // it died before it took over
  }
}

/**
 * Takes over a dead holder's lock: of several who see that it is dead, one at a time may create the heir's file, and only
 * who has may put it in the place of that lock.
 */
function inherit(path: string, dead: Holder, me: Holder): boolean {
  const heir = heirOf(path, dead);
  if (!create(heir, me)) return false;
  if (read(path)?.id === dead.id) {
    attempt(path, () => renameSync(heir, path));
    return true;
  }
  rmSync(heir, { force: true });
  return false;
}

function heirOf(path: string, { id }: Holder): string {
  return `${path}.${id}`;
}

function heldBy({ pid, host }: Holder): string {
  return `Another process (${pid}${host === hostname() ? '' : ` on ${host}`})`;
}

/** Whether the file is made; not where it is there already. */
function create(path: string, holder: Holder): boolean {
  return attempt(path, () => {
    try {
      writeFileSync(path, textOf(holder), { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  });
}

/** Undefined where nobody holds it. */
function read(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readWhole(path).toString('utf8')) as Partial<Holder>;
    if (typeof holder.id === 'string' && /^[\w-]+$/.test(holder.id)) return holder as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  }
  return unknown;
}

/** Of a lock that is being written at this moment, or was left so by a crash: then it will stay silent. */
const unknown: Holder = {
  id: 'unknown',
  pid: 0,
  born: undefined,
  host: 'an unknown host',
  space: '',
  since: 'an unknown time',
};

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function isAlive({ pid, born, host, space }: Holder, silent: () => boolean): boolean {
  const here = place();
  if (host !== here.host || space !== here.space) return !silent();
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // The number may be another process's by now.
  const now = birth(pid);
  return born === undefined || now === undefined ? !silent() : born === now;
}

/** By the clock of the file system, which several machines share. */
function isSilent(path: string): boolean {
  const probe = `${path}.${randomUUID()}`;
  try {
    writeFileSync(probe, '');
    const age = statSync(probe).mtimeMs - statSync(path).mtimeMs;
    return age > silence;
  } catch {
    return false;
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Writes the same again: the time of the change is then by the clock of the file system. */
function touch(path: string, holder: Holder): void {
  orNothing(() => writeFileSync(path, textOf(holder), { flag: 'r+' })); // the next beat tries again
}

function textOf(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`;
}

function place(): Pick<Holder, 'host' | 'space'> {
  const parts = [
    () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    () => readlinkSync('/proc/self/ns/pid'),
  ];
  return { host: hostname(), space: parts.map((part) => orNothing(part) ?? '').join(' ') };
}

/** When a process was started, in the kernel's ticks; only Linux tells. */
function birth(pid: number): string | undefined {
  const text = orNothing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name, in parentheses, may have blanks; the start is the 22nd field, the 20th after it.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

function orNothing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** Removes a folder and those above it, up to the first that was made, as long as they are empty. */
function removeEmpty(folder: string, first: string | undefined): void {
  if (first === undefined) return;
  for (let each = resolve(folder); orNothing(() => rmdirSync(each) ?? true); each = dirname(each)) {
    if (each === resolve(first)) return;
  }
}
