import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import type { Outcome } from '../run/outcome.js';
import { groupsOf } from './groups.js';
import type { PlannedRun, RunOrder } from './plan.js';

/** What a worker process is told. */
export type Task =
  | {
      readonly kind: 'run';
      /** Runs that are trained together. One that has failed is left alone, but for a failure of that time. */
      readonly runs: readonly { readonly order: RunOrder; readonly failedAt: string | undefined }[];
      /** Cores that are its own. */
      readonly cores: number;
    }
  | { readonly kind: 'stop' };

/** What a worker process tells; `run` is which of its task's. */
export type Report =
  | { readonly kind: 'said'; readonly run: number; readonly text: string }
  /** The last row of the run so far. */
  | { readonly kind: 'reached'; readonly run: number; readonly iteration: number }
  | { readonly kind: 'ended'; readonly run: number; readonly result: Result }
  /** All of them have ended, and nothing of them is held any more. */
  | { readonly kind: 'done' };

/** How a run of a sweep ended. `fault` is a line. */
export type Result =
  | Outcome
  | { readonly kind: 'failed'; readonly fault: string }
  /** It is to be run alone. */
  | { readonly kind: 'apart' };

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
  ended(run: PlannedRun, result: Ended): void;
}

type Ended = Exclude<Result, { readonly kind: 'apart' }>;

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

  function end(run: PlannedRun, result: Ended): void {
    observer.ended(run, result);
    if (result.kind === 'failed' && failFast) stop.abort();
  }

  function take(group: readonly PlannedRun[], results: ReadonlyMap<PlannedRun, Result>): void {
    const those = (kind: Result['kind']) => group.filter((run) => results.get(run)?.kind === kind);
    if (stopped.aborted) return;
    if (those('held').length > 0) held.push({ group: those('held'), since: performance.now() });
    waiting.unshift(...those('apart').map((run) => [run]));
  }

  /** What is no end yet, `take` has to do with. */
  function hear(run: PlannedRun, result: Result): void {
    if (result.kind === 'apart' || (result.kind === 'held' && !stopped.aborted)) return;
    end(run, result);
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
      for (let group = await next(); group && !stopped.aborted; group = await next()) {
        if (!worker?.alive()) worker = startWorker(options.worker, stopped);
        const results = new Map<PlannedRun, Result>();
        const died = await worker.run(group, cores, {
          ...observer,
          ended(run, result) {
            results.set(run, result);
            hear(run, result);
          },
        });
        take(group, results);
        const lost = group.filter((run) => !results.has(run));
        if (died) takeUp(lost, died);
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

interface WorkerObserver extends Pick<PoolObserver, 'said' | 'reached'> {
  ended(run: PlannedRun, result: Result): void;
}

interface Worker {
  alive(): boolean;
  /** Trains runs together; undefined unless the process died. */
  run(group: readonly PlannedRun[], cores: number, observer: WorkerObserver): Promise<Died | undefined>;
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
      const done = new Promise<undefined>((resolve) => {
        const hear = (report: Report) => {
          if (report.kind === 'said') observer.said(group[report.run]!, report.text);
          else if (report.kind === 'reached') observer.reached(group[report.run]!, report.iteration);
          else if (report.kind === 'ended') observer.ended(group[report.run]!, report.result);
          else {
            child.off('message', hear);
            resolve(undefined);
          }
        };
        child.on('message', hear);
      });
      send(child, { kind: 'run', runs: group.map(({ order, failedAt }) => ({ order, failedAt })), cores });
      return Promise.race([done, gone]);
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
