import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import type { Outcome } from '../run/run.js';
import { failedSince, type PlannedRun, type RunOrder } from './plan.js';

/** What a worker process is told. */
export type Task =
  | {
      readonly kind: 'run';
      readonly order: RunOrder;
      /** Cores that are its own. */
      readonly cores: number;
    }
  | { readonly kind: 'stop' };

/** What a worker process tells. */
export type Report =
  | { readonly kind: 'said'; readonly text: string }
  /** The last row of the run so far. */
  | { readonly kind: 'reached'; readonly iteration: number }
  | { readonly kind: 'ended'; readonly result: Result };

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
 * Runs all, `jobs` at a time, in processes that stay alive from run to run. A run that another process is at comes again
 * after the others; one that has failed there has failed, and is not tried a second time; one whose worker process has died is taken up by another.
 */
export async function runAll(runs: readonly PlannedRun[], options: PoolOptions): Promise<void> {
  const { jobs, cores, signal, failFast, observer } = options;
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const waiting = [...runs];
  const held: { readonly run: PlannedRun; readonly since: number }[] = [];
  const tries = new Map<PlannedRun, number>();

  async function next(): Promise<PlannedRun | undefined> {
    const run = waiting.shift();
    if (run) return run;
    const again = held.shift();
    if (!again) return undefined;
    const rest = pause - (performance.now() - again.since);
    await setTimeout(Math.max(0, rest), undefined, { signal: stopped }).catch(() => undefined);
    return again.run;
  }

  function take(run: PlannedRun, result: Result | Died): void {
    if (result.kind === 'held' && !stopped.aborted) {
      held.push({ run, since: performance.now() });
      return;
    }
    if (result.kind === 'died') {
      const count = (tries.get(run) ?? 0) + 1;
      tries.set(run, count);
      if (stopped.aborted) return;
      if (count < mostTries) {
        waiting.push(run);
        return;
      }
    }
    const ended = result.kind === 'died' ? ({ kind: 'failed', fault: died(result.how) } as const) : result;
    observer.ended(run, ended);
    if (ended.kind === 'failed' && failFast) stop.abort();
  }

  async function work(): Promise<void> {
    let worker: Worker | undefined;
    try {
      for (let run = await next(); run && !stopped.aborted; run = await next()) {
        const fault = failedSince(run);
        if (fault !== undefined) {
          take(run, { kind: 'failed', fault });
          continue;
        }
        if (!worker?.alive()) worker = startWorker(options.worker, stopped);
        take(run, await worker.run(run, cores, observer));
      }
    } finally {
      await worker?.end();
    }
  }

  await Promise.all(Array.from({ length: Math.min(jobs, runs.length) }, work));
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
  run(run: PlannedRun, cores: number, observer: PoolObserver): Promise<Result | Died>;
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
    async run(run, cores, observer) {
      const ended = new Promise<Result>((resolve) => {
        const hear = (report: Report) => {
          if (report.kind === 'said') observer.said(run, report.text);
          else if (report.kind === 'reached') observer.reached(run, report.iteration);
          else {
            child.off('message', hear);
            resolve(report.result);
          }
        };
        child.on('message', hear);
      });
      send(child, { kind: 'run', order: run.order, cores });
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
