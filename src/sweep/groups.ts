import type { PlannedRun, RunOrder } from './plan.js';

/** More at once fall out of the processor's cache. */
const mostTogether = 36;

/**
 * The runs in groups that are trained together, of which one process takes one after the other: those of logreg that differ
 * in nothing but numbers of their update rules. The others are alone. A method's runs are shared out over all processes.
 */
export function groupsOf(runs: readonly PlannedRun[], jobs: number): PlannedRun[][] {
  const kinds = new Map<string, PlannedRun[]>();
  for (const run of runs) {
    const kind = kindOf(run);
    const alike = kinds.get(kind);
    if (alike) alike.push(run);
    else kinds.set(kind, [run]);
  }
  return [...kinds.values()].flatMap((alike) => {
    const count = Math.max(Math.ceil(alike.length / mostTogether), Math.min(jobs, alike.length));
    const size = Math.ceil(alike.length / count);
    return Array.from({ length: Math.ceil(alike.length / size) }, (_, i) => alike.slice(i * size, (i + 1) * size));
  });
}

/** Runs of logreg for which it pays to start one more process. */
const worthAProcess = 12;

/**
 * In how many processes the runs are done soonest: where they are many of logreg, whose steps take one core, in one a core;
 * else in one, whose steps take all.
 */
export function jobsFor(runs: readonly PlannedRun[], cores: number): number {
  const takeOneCore = runs.every(
    ({ order }) => order.model === 'logreg' && order.engine === 'onnx' && order.threads === 0,
  );
  return takeOneCore ? Math.max(1, Math.min(cores, Math.floor(runs.length / worthAProcess))) : 1;
}

/** The same for runs that can be trained together; one that cannot has its own. */
function kindOf({ order, target }: PlannedRun): string {
  const { model, engine, lossThreshold, parallel, weightDecay, clip, lowerBound } = order;
  // Where its loss ends a run, it is at a step of its own; and of mlp four took longer together than one after the other.
  if (model !== 'logreg' || engine !== 'onnx' || lossThreshold > 0 || parallel > 1) return target;
  const others = Object.entries(order).filter(([name]) => !numbers.has(name));
  const steps = [weightDecay !== 0, clip !== undefined, lowerBound !== undefined];
  return JSON.stringify([others.sort(([a], [b]) => (a < b ? -1 : 1)), steps]);
}

/** What the runs of a group may differ in; the last three only where none of them is off. */
const numbers: ReadonlySet<string> = new Set<keyof RunOrder>([
  ...(['alpha_0', 'beta', 'mu'] as const),
  ...(['weightDecay', 'clip', 'lowerBound'] as const),
]);
