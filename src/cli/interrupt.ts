import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';

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
  const timer = setInterval(hearWhereCallsAreLong(), tick).unref();
  try {
    await work(controller.signal);
  } finally {
    clearInterval(timer);
    working = false;
  }
}

/** Milliseconds between two looks, and what is a long time without one: calls of the engine take about 200 (train.ts). */
const [tick, long] = [100, 300];
/** Milliseconds that the rest of the modules may take to load, during which nobody looks either. */
const loading = 500;

/**
 * Within a call of a native library no signal is heard, a second one neither. Where calls are long, as for VGG, a thread
 * hears them; the others are spared its memory.
 */
function hearWhereCallsAreLong(): () => void {
  let looked = performance.now() + loading;
  let hearing = false;
  return () => {
    const now = performance.now();
    if (now - looked > long && !hearing && first === undefined) {
      hearing = true;
      hearInThread();
    }
    looked = now;
  };
}

function hearInThread(): void {
  // Of its code there is little; by default 800 MB of addresses are set aside for it, and where there are fewer
  // (ulimit -v) V8 ends the process.
  const resourceLimits = { codeRangeSizeMb: 4 };
  const thread = new Worker(new URL('./interrupt_thread.js', import.meta.url), { resourceLimits });
  thread.on('message', heard);
  thread.on('error', () => undefined); // it could not be started: signals are heard between the calls
  thread.unref();
}
