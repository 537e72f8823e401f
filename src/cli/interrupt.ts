import { constants } from 'node:os';

/** What asks a process to end: Ctrl-C, a scheduler, a closed terminal, a cluster's warning before it takes the machine. */
const names = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;

/** What a scheduler sends, often one after the other, and leaves time for. */
const schedulers: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGUSR2'];

const controller = new AbortController();
let working = false;
let first: NodeJS.Signals | undefined;
let patient = false;

/**
 * Begins to hear signals. The first aborts the work of `interruptible`, which then ends by itself; where there is none, it
 * ends the process. The second is the system's: it ends the process at once, whatever that does.
 */
export function hearSignals(): void {
  for (const name of names) {
    // Windows knows no SIGUSR2.
    if (constants.signals[name] !== undefined) process.on(name, heard);
  }
}

function heard(name: NodeJS.Signals): void {
  if (first !== undefined) return;
  first = name;
  for (const each of names) {
    if (!patient || !schedulers.includes(each)) process.off(each, heard);
  }
  // What the shell expects of a process that a signal ended.
  process.exitCode = 128 + constants.signals[name];
  controller.abort();
  if (!working) process.exit();
}

/** The signal that came first. */
export function firstSignal(): NodeJS.Signals | undefined {
  return first;
}

/** From now on a scheduler's second signal does not end the process at once. */
export function bearSchedulers(): void {
  patient = true;
}

/** Runs work that ends by itself once its signal is aborted; the exit code is then that of the signal. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  working = true;
  try {
    await work(controller.signal);
  } finally {
    working = false;
  }
}
