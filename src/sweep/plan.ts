import { UsageError } from '../errors.js';
import { isHeld } from '../lock.js';
import { runId, type Setting } from '../results/record.js';
import { identityOf, lastIteration, sweepTargetOf, type Circumstances, type Settings } from '../run/settings.js';
import { filesOf, lookAt, type TargetState } from '../run/target.js';

/** All that a run of a sweep is told. */
export interface RunOrder extends Settings {
  /** The folder of all results. */
  readonly dir: string;
  /** The folder of the data. */
  readonly data?: string;
  /** Whether nothing may be fetched. */
  readonly offline: boolean;
  readonly overwrite: boolean;
  /** Minutes between checkpoints; 0: none are written. */
  readonly checkpoint: number;
  readonly keepModel: boolean;
  /** Whether an NVIDIA GPU may multiply in TF32. */
  readonly tf32: boolean;
}

/** A run of a sweep, as it stands. */
export interface PlannedRun {
  /** The id of its record. */
  readonly id: string;
  /** The path of its results. */
  readonly target: string;
  readonly order: RunOrder;
  readonly state: TargetState | 'under way';
  /** The iteration of its last row; Infinity where nothing limits it beforehand. */
  readonly iterations: number;
  /** Seconds that its training has taken; undefined where no record tells. */
  readonly seconds: number | undefined;
  /** When it failed, by its record, where it had when it was planned. */
  readonly failedAt: string | undefined;
}

/** The runs of a sweep, each once. The records tell how they stand, and nothing else is asked. */
export async function plan(
  orders: readonly RunOrder[],
  circumstances: (order: RunOrder) => Promise<Circumstances>,
): Promise<PlannedRun[]> {
  const runs: PlannedRun[] = [];
  for (const [target, order] of targets(orders)) {
    const identity = identityOf(order, await circumstances(order));
    const { state: left, record } = order.overwrite
      ? { state: 'new' as const, record: undefined }
      : lookAt(target, identity);
    const state = left !== 'finished' && isHeld(filesOf(target).lock) ? 'under way' : left;
    const iterations = lastIteration(identity);
    const failedAt = left === 'failed' ? (record?.ended ?? undefined) : undefined;
    runs.push({ id: runId(identity), target, order, state, iterations, seconds: record?.seconds, failedAt });
  }
  return runs;
}

/**
 * Seconds that the rest of a plan takes, by the pace of its finished runs of the same model, batch size and part of the
 * data; undefined where one has none to go by.
 */
export function secondsLeft(runs: readonly PlannedRun[], jobs: number): number | undefined {
  const kind = ({ order }: PlannedRun) => [order.model, order.batchSize, order.reduction, order.engine].join();
  const paces = new Map<string, { seconds: number; iterations: number }>();
  for (const run of runs) {
    if (run.state !== 'finished' || run.seconds === undefined || !Number.isFinite(run.iterations)) continue;
    const { seconds, iterations } = paces.get(kind(run)) ?? { seconds: 0, iterations: 0 };
    paces.set(kind(run), { seconds: seconds + run.seconds, iterations: iterations + run.iterations });
  }
  let left = 0;
  for (const run of runs) {
    if (run.state === 'finished') continue;
    const pace = paces.get(kind(run));
    if (!pace || !Number.isFinite(run.iterations)) return undefined;
    left += (run.iterations * pace.seconds) / pace.iterations;
  }
  return left / jobs;
}

/** @throws UsageError where two runs that are not the same have one path. */
function targets(orders: readonly RunOrder[]): Map<string, RunOrder> {
  const found = new Map<string, RunOrder>();
  for (const order of orders) {
    const target = sweepTargetOf(order, order.dir);
    const earlier = found.get(target);
    found.set(target, earlier ?? order);
    const [difference] = earlier ? differing(earlier, order) : [];
    if (difference !== undefined) {
      throw new UsageError(
        `Two runs of the sweep have one path, ${target}: ${difference}. Give one of them, or another --dir to one.`,
      );
    }
  }
  return found;
}

function differing(a: RunOrder, b: RunOrder): string[] {
  return (Object.keys({ ...a, ...b }) as (keyof RunOrder)[])
    .filter((name) => a[name] !== b[name])
    .map((name) => `--${name} ${word(a[name])} and ${word(b[name])}`);
}

function word(value: Setting | undefined): string {
  return String(value ?? 'off');
}
