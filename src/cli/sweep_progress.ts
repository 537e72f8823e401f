import type { PlannedRun } from '../sweep/plan.js';
import type { PoolObserver } from '../sweep/pool.js';
import { duration } from './duration.js';
import { say } from './output.js';
import { commandOf } from './sweep_options.js';
import { isInteractive } from './terminal.js';

export interface SweepProgress extends PoolObserver {
  /** Nothing more will come. */
  done(): void;
  readonly counts: Readonly<Counts>;
}

export interface SweepProgressOptions {
  /** Runs of the plan. */
  readonly all: number;
  /** How many of them were finished, and had failed and are not tried again, before it began. */
  readonly finished: number;
  readonly failed: number;
  readonly silent: boolean;
}

export interface Counts {
  done: number;
  failed: number;
  interrupted: number;
}

/** Milliseconds between two lines that tell how a sweep goes, where lines stay. */
const lineEvery = 1000;
/** Milliseconds between two renewals of a terminal's line. */
const renewEvery = 100;

/**
 * Tells on standard error how a sweep goes: a failure at once, the first with the command that repeats it; the rest in a
 * line that renews itself on a terminal, and in lines of which one a second at most stays elsewhere.
 */
export function sweepProgress(
  runs: readonly PlannedRun[],
  { all, finished, failed, silent }: SweepProgressOptions,
): SweepProgress {
  const { stderr } = process;
  const terminal = isInteractive(stderr);
  const began = performance.now();
  const counts: Counts = { done: finished, failed, interrupted: 0 };
  let firstFault = true;
  // Iterations, of which runs without a limit have none that can be counted.
  const total = runs.reduce((sum, { iterations }) => sum + iterations, 0);
  const reachedAt = new Map<PlannedRun, number>();
  let [taken, skipped] = [0, 0];
  let toldAt = -Infinity;
  let untold = false;
  let shown = false;

  const clear = () => {
    if (shown) stderr.write('\r\x1b[K');
    shown = false;
  };
  const line = (text: string) => {
    if (silent) return;
    clear();
    say(text);
  };
  const state = () => {
    const { done, failed } = counts;
    const seconds = (performance.now() - began) / 1000;
    const rest = total - taken - skipped;
    const left = taken > 0 && rest > 0 && Number.isFinite(rest) ? `, ${duration((rest * seconds) / taken)} to go` : '';
    return `${done} of ${all} runs done, ${failed} failed, ${all - done - failed} left${left}`;
  };
  const tell = (stays: boolean) => {
    untold ||= stays;
    if (silent || (!terminal && !stays)) return;
    if (performance.now() - toldAt < (terminal ? renewEvery : lineEvery)) return;
    toldAt = performance.now();
    untold = false;
    if (terminal) stderr.write(`\r${state().slice(0, stderr.columns - 1)}\x1b[K`);
    else say(state());
    shown = terminal;
  };
  /** What a run has got on with since it was last heard of. */
  const advance = (run: PlannedRun, iteration: number) => {
    const before = reachedAt.get(run);
    reachedAt.set(run, iteration);
    if (before !== undefined) taken += iteration - before;
    else skipped += iteration;
  };

  return {
    counts,
    said: (run, text) => line(`${run.target}: ${text}`),
    reached(run, iteration) {
      advance(run, iteration);
      tell(false);
    },
    ended(run, result) {
      if (result.kind === 'finished' || result.kind === 'already') counts.done++;
      else if (result.kind === 'failed') counts.failed++;
      else counts.interrupted++;
      if (result.kind === 'finished') advance(run, run.iterations);
      else skipped += run.iterations - (reachedAt.get(run) ?? 0);
      if (result.kind === 'failed') {
        line(`failed: ${run.target}: ${result.fault}`);
        if (firstFault) line(`The command that repeats it: ${commandOf(run.order)}`);
        firstFault = false;
      }
      tell(true);
    },
    done() {
      clear();
      if (untold) line(state());
    },
  };
}
