/**
 * Measures what a run costs in a sweep beyond its training: sweeps of runs of one step, longer ones less shorter ones, held
 * against the same runs in one process that saves nothing. Of runs that are trained alone, and together.
 *
 *     npm run build && npx tsx scripts/sweep_overhead.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadMnist } from '../src/data/mnist.js';
import { reduced } from '../src/data/reduced.js';
import { onnxEngine } from '../src/engine/onnx/engine.js';
import { trainTogether, type OwnOptions, type SharedOptions } from '../src/training/train.js';
import { main } from '../test/cli/hypergrad.js';

const [few, many, atOnce] = [36, 252, 36];
const rate = (i: number) => `${i + 1}e-7`;
const shared: SharedOptions = {
  ...({ model: 'logreg', method: 'sgd_hd', seed: 1, batchSize: 128, epochs: 0, iterations: 2 } as const),
  ...{ lossThreshold: 0, dataset: reduced(loadMnist().dataset, 60), engine: onnxEngine() },
};

for (const [name, grid, group] of [
  ['alone', (count: number) => ['--seed', `1..${count}`], 1],
  ['together', (count: number) => ['--beta', Array.from({ length: count }, (_, i) => rate(i)).join()], atOnce],
] as const) {
  const inSweep = median(() => (secondsOfSweep(grid(many)) - secondsOfSweep(grid(few))) / (many - few));
  await trained(group);
  const began = performance.now();
  for (let done = 0; done < many; done += group) await trained(group);
  const byItself = (performance.now() - began) / 1000 / many;
  const [all, training] = [1000 * inSweep, 1000 * byItself].map((each) => each.toFixed(1));
  console.log(`${name}: ${all} ms a run in a sweep, of which training, from tracing on, ${training} ms`);
}

function secondsOfSweep(grid: readonly string[]): number {
  const dir = mkdtempSync(join(tmpdir(), 'hypergrad-'));
  const args = ['sweep', '--method', 'sgd_hd', '--iterations', '2', '--epochs', '0', '--reduction', '60', ...grid];
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [main, ...args, '--dir', dir], { encoding: 'utf8' });
  const seconds = (performance.now() - began) / 1000;
  rmSync(dir, { recursive: true });
  if (status !== 0) throw new Error(stderr);
  return seconds;
}

async function trained(count: number): Promise<void> {
  const runs = Array.from({ length: count }, (_, i): OwnOptions => {
    return { alpha0: 1e-3, beta: Number(rate(i)), mu: 0.9, weightDecay: 1e-4 };
  });
  for await (const stretches of trainTogether(runs, shared)) if (stretches.length !== count) throw new Error('lost');
}

function median(measure: () => number): number {
  return [measure(), measure(), measure()].sort((a, b) => a - b)[1]!;
}
