import type { Dataset } from '../data/dataset.js';
import { createEngine } from '../engine/engines.js';
import { runSaved } from '../run/run.js';
import { sweepTargetOf } from '../run/settings.js';
import type { RunOrder } from '../sweep/plan.js';
import type { Report, Result, Task } from '../sweep/pool.js';
import { failureLine } from './failure.js';
import { keptDatasets } from './kept_datasets.js';

// A process that trains one run of a sweep after the other. It ends when the sweep lets go of it, or is gone; signals
// are the sweep's to hear, which a terminal sends to all processes at once.
const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(name, () => undefined);
const datasets = keptDatasets();

process.on('disconnect', () => ending.abort());
process.on('message', (task: Task) => {
  if (task.kind === 'stop') ending.abort();
  else void run(task.order, task.cores).then((result) => tell({ kind: 'ended', result }));
});

async function run(order: RunOrder, cores: number): Promise<Result> {
  try {
    const said = (text: string) => tell({ kind: 'said', text });
    // What the sweep has not found there, it has fetched before it began.
    const dataset: Dataset = await datasets({ ...order, offline: true }, { say: said, warn: () => undefined });
    const engine = await createEngine(order.engine, { ...order, cores });
    const reached = (iteration: number) => tell({ kind: 'reached', iteration });
    return await runSaved({
      ...order,
      ...{ settings: order, dataset, engine, signal: ending.signal, resume: !order.overwrite },
      target: sweepTargetOf(order, order.dir),
      observer: {
        line: said,
        resumed: ({ iteration }) => reached(iteration),
        stretch: ({ position }) => reached(position.step + 1),
        checkpointed: () => undefined,
      },
    });
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: 'failed', fault: failureLine(error) ?? stack };
  }
}

function tell(report: Report): void {
  if (process.connected) process.send?.(report, () => undefined);
}
