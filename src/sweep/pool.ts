import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import type { Outcome } from '../run/run.js';
import { groupsOf } from './groups.js';
import { failedSince, type PlannedRun, type RunOrder } from './plan.js';

/** What a worker process is told. */
export type Task =
  | {
      readonly kind: 'run';
      /** Runs that are trained together. */
      readonly orders: readonly RunOrder[];
      /** Cores that are its own. */
      readonly cores: number;
    }
  | { readonly kind: 'stop' };

/** What a worker process tells; `run` is which of its task's. */
export type Report =
  | { readonly kind: 'said'; readonly run: number; readonly text: string }
  /** The last row of the run so far. */
  | { readonly kind: 'reached'; readonly run: number; readonly iteration: number }
  /** All of them, in their order. */
  | { readonly kind: 'ended'; readonly results: readonly Result[] };

/** How a run of a sweep ended. `fault` is a line. */
export type Result = Outcome | { readonly kind: 'failed'; readonly fault: string };

export interface PoolOptions {
  /** The module that a worker process runs. */
  readonly worker: URL;
  readonly jobs: number;
  readonly cores: number;
  readonly signal: AbortSignal;
  /** Whether the first failure ends all. */
  readonly failFast: boolean;
  readonly observer: PoolObserver;
}

export interface PoolObserver {
  said(run: PlannedRun, text: string): void;
  reached(run: PlannedRun, iteration: number): void;
  ended(run: PlannedRun, result: Result): void;
}

/** A run whose worker process was ended so often is not tried again. */
const mostTries = 3;
/** Milliseconds after which a run that another process was at is looked at again. */
const pause = 1000;

/**
 * Runs all, `jobs` groups at a time, in processes that stay alive from group to group. Runs that another process is at come
 * again after the others; those whose worker process has died are taken up by another, the last time each alone.
 */
export async function runAll(runs: readonly PlannedRun[], options: PoolOptions): Promise<void> {
  const { jobs, cores, signal, failFast, observer } = options;
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const waiting = groupsOf(runs, jobs);
  const processes = Math.min(jobs, waiting.length);
  const held: { readonly group: PlannedRun[]; readonly since: number }[] = [];
  const tries = new Map<PlannedRun, number>();

  async function next(): Promise<PlannedRun[] | undefined> {
    const group = waiting.shift();
    if (group) return group;
    const again = held.shift();
    if (!again) return undefined;
    const rest = pause - (performance.now() - again.since);
    await setTimeout(Math.max(0, rest), undefined, { signal: stopped }).catch(() => undefined);
    return again.group;
  }

  function end(run: PlannedRun, result: Result): void {
    observer.ended(run, result);
    if (result.kind === 'failed' && failFast) stop.abort();
  }

  function take(group: readonly PlannedRun[], results: readonly Result[]): void {
    const isHeld = (_: PlannedRun, i: number) => results[i]!.kind === 'held' && !stopped.aborted;
    const again = group.filter(isHeld);
    if (again.length > 0) held.push({ group: again, since: performance.now() });
    for (const [i, run] of group.entries()) if (!isHeld(run, i)) end(run, results[i]!);
  }

  function takeUp(group: readonly PlannedRun[], { how }: Died): void {
    const left = (run: PlannedRun) => mostTries - (tries.get(run) ?? 0);
    for (const run of group) tries.set(run, (tries.get(run) ?? 0) + 1);
    if (stopped.aborted) return;
    const together = group.filter((run) => left(run) > 1);
    const alone = group.filter((run) => left(run) === 1);
    waiting.push(...[together, ...alone.map((run) => [run])].filter((each) => each.length > 0));
    for (const run of group) if (left(run) === 0) end(run, { kind: 'failed', fault: died(how) });
  }

  async function work(): Promise<void> {
    let worker: Worker | undefined;
    try {
      for (let all = await next(); all && !stopped.aborted; all = await next()) {
        const group: PlannedRun[] = [];
        for (const run of all) {
          const fault = failedSince(run);
          if (fault === undefined) group.push(run);
          else end(run, { kind: 'failed', fault });
        }
        if (group.length === 0 || stopped.aborted) continue;
        if (!worker?.alive()) worker = startWorker(options.worker, stopped);
        const ends = await worker.run(group, cores, observer);
        if ('how' in ends) takeUp(group, ends);
        else take(group, ends);
      }
    } finally {
      await worker?.end();
    }
  }

  await Promise.all(Array.from({ length: processes }, work));
}

function died(how: string): string {
  return `The process that trained it was ended ${mostTries} times, the last time ${how}.`;
}

/** A worker process that is gone: by what. */
interface Died {
  readonly kind: 'died';
  readonly how: string;
}

interface Worker {
  alive(): boolean;
  /** Runs that are trained together; how each ended. */
  run(group: readonly PlannedRun[], cores: number, observer: PoolObserver): Promise<readonly Result[] | Died>;
  end(): Promise<void>;
}

function startWorker(module: URL, stopped: AbortSignal): Worker {
  const child = fork(module, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
  const gone = new Promise<Died>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve({ kind: 'died', how: signal ? `by ${signal}` : `with exit code ${code}` }),
    );
    child.once('error', ({ message }) => resolve({ kind: 'died', how: `by ${message}` }));
  });
  const stop = () => send(child, { kind: 'stop' });
  stopped.addEventListener('abort', stop, { once: true });
  void gone.then(() => stopped.removeEventListener('abort', stop));

  return {
    alive: () => child.connected,
    async run(group, cores, observer) {
      const ended = new Promise<readonly Result[]>((resolve) => {
        const hear = (report: Report) => {
          if (report.kind === 'said') observer.said(group[report.run]!, report.text);
          else if (report.kind === 'reached') observer.reached(group[report.run]!, report.iteration);
          else {
            child.off('message', hear);
            resolve(report.results);
          }
        };
        child.on('message', hear);
      });
      send(child, { kind: 'run', orders: group.map(({ order }) => order), cores });
      return Promise.race([ended, gone]);
    },
    async end() {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

/** A process that has just died hears nothing; its `exit` tells. */
function send(child: ChildProcess, task: Task): void {
  if (child.connected) child.send(task, () => undefined);
}
