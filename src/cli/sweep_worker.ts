import type { Dataset } from '../data/dataset.js';
import { createEngine } from '../engine/engines.js';
import { runTogether } from '../run/run.js';
import { sweepTargetOf } from '../run/settings.js';
import type { Reached } from '../results/record.js';
import type { Stretch } from '../training/train.js';
import type { Report, Result, Task } from '../sweep/pool.js';
import { failureLine } from './failure.js';
import { keptDatasets } from './kept_datasets.js';

// A process that trains one group of a sweep's runs after the other. It ends when the sweep lets go of it, or is gone; signals
// are the sweep's to hear, which a terminal sends to all processes at once.
const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(name, () => undefined);
const datasets = keptDatasets();

process.on('disconnect', () => ending.abort());
process.on('message', (task: Task) => {
  if (task.kind === 'stop') ending.abort();
  else void run(task.runs, task.cores).then(() => tell({ kind: 'done' }));
});

type Runs = Extract<Task, { kind: 'run' }>['runs'];

/** Runs that are trained together: what they are trained on, and with, is the same. */
async function run(planned: Runs, cores: number): Promise<void> {
  const { order } = planned[0]!;
  const ended = (run: number, result: Result) => tell({ kind: 'ended', run, result });
  try {
    const said = (text: string, run: number) => tell({ kind: 'said', run, text });
    // What the sweep has not found there, it has fetched before it began.
    const talk = { say: (text: string) => said(text, 0), warn: () => undefined };
    const dataset: Dataset = await datasets({ ...order, offline: true }, talk);
    const engine = await createEngine(order.engine, { ...order, cores });
    const reached = (iteration: number, run: number) => tell({ kind: 'reached', run, iteration });
    const runs = planned.map(({ order: own, failedAt }, run) => ({
      ...own,
      ...{ settings: own, dataset, engine, signal: ending.signal, resume: !own.overwrite },
      leaveFailed: { unless: failedAt },
      target: sweepTargetOf(own, own.dir),
      observer: {
        line: (text: string) => said(text, run),
        resumed: ({ iteration }: Reached) => reached(iteration, run),
        stretch: ({ position }: Stretch) => reached(position.step + 1, run),
        checkpointed: () => undefined,
      },
    }));
    await runTogether(runs, (run, result) =>
      ended(run, result.kind === 'failed' ? { kind: 'failed', fault: faultOf(result.error) } : result),
    );
  } catch (error) {
    for (const run of planned.keys()) ended(run, { kind: 'failed', fault: faultOf(error) });
  }
}

function faultOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return failureLine(error) ?? stack;
}

function tell(report: Report): void {
  if (process.connected) process.send?.(report, () => undefined);
}
