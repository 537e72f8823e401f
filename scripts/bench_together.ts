/*
 * Times training steps on MNIST of several settings together, as a sweep trains them: shared out over processes, in each of
 * which they are one graph; and in turn with them one setting alone, and, where PYTHON has JAX, as many settings by its vmap
 * (scripts/train_jax.py). Printed are medians over the rounds.
 *
 *     npx tsx scripts/bench_together.ts [--method adam_hd] [--settings 36] [--processes 2] [--rounds 5]
 *
 * Environment: PYTHON, the Python that has JAX (pip install jax numpy).
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { integer } from '../src/cli/arguments.js';
import { loadMnist } from '../src/data/mnist.js';
import { startTogether } from '../src/engine/engine.js';
import { onnxEngine } from '../src/engine/onnx/engine.js';
import { program } from '../src/engine/program.js';
import { models } from '../src/models/models.js';
import { updateRule } from '../src/methods/rule.js';
import type { Method } from '../src/methods/table.js';
import { mt19937 } from '../src/random/mt19937.js';

const { method, settings, processes, rounds, from, to } = new Command('npx tsx scripts/bench_together.ts')
  .option('--method <name>', 'as of train', 'adam_hd')
  .option('--settings <count>', 'of α₀ and β', integer(1), 36)
  .option('--processes <count>', 'that share the settings out', integer(1), availableParallelism())
  .option('--rounds <count>', 'the median of so many is printed', integer(1), 5)
  .option('--from <setting>', 'of one of the processes: the first of its settings', integer(0))
  .option('--to <setting>', 'of one of the processes: the setting after its last', integer(0))
  .parse()
  .opts<{ method: Method; settings: number; processes: number; rounds: number; from?: number; to?: number }>();

const [batchSize, steps] = [128, 400];
const rates = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

if (from !== undefined && to !== undefined) await trainOnDemand(from, to);
else await compare();

/** Trains the settings so many steps at each message, and sends the milliseconds that it took. */
async function trainOnDemand(first: number, end: number): Promise<void> {
  const { dataset } = loadMnist();
  const source = mt19937(1);
  const rows = Int32Array.from({ length: steps * batchSize }, () => source.next() % dataset.train.count);
  const variables = models.logreg.init(source);
  const programs = Array.from({ length: end - first }, (_, i) => {
    const [alpha0, beta] = [rates[Math.floor((first + i) / 6) % 6]!, rates[(first + i) % 6]!];
    const rule = updateRule(method, { alpha0, beta, mu: 0.9, weightDecay: 1e-4 });
    return program({
      ...{ dataset, model: models.logreg, rule },
      ...{ variables: structuredClone(variables), batchSizes: [batchSize] },
    });
  });
  const runners = await startTogether(onnxEngine({ threads: processes > 1 || end - first === 1 ? 1 : 0 }), programs);
  await runners.train({ rows, batchSize });
  process.on('message', () => {
    const began = performance.now();
    void runners.train({ rows, batchSize }).then(() => process.send!(performance.now() - began));
  });
  process.send!(0);
}

function start(first: number, end: number): ChildProcess {
  const args = ['--method', method, '--processes', String(processes), '--from', String(first), '--to', String(end)];
  return fork(fileURLToPath(import.meta.url), args);
}

/** Milliseconds that the slowest of them takes for its steps, all at once. */
async function round(children: readonly ChildProcess[]): Promise<number> {
  for (const child of children) child.send('go on');
  const times = await Promise.all(children.map(async (child) => ((await once(child, 'message')) as [number])[0]));
  return Math.max(...times);
}

function jaxMilliseconds(): number | undefined {
  const script = fileURLToPath(new URL('train_jax.py', import.meta.url));
  const args = [script, '--model', 'logreg', '--method', method, '--settings', String(settings)];
  const { status, stdout } = spawnSync(process.env.PYTHON ?? 'python3', args, { encoding: 'utf8' });
  if (status !== 0) return undefined;
  return 1000 * (JSON.parse(stdout) as { secondsPerSettingAndStep: number }).secondsPerSettingAndStep;
}

async function compare(): Promise<void> {
  const bound = (i: number) => Math.round((i * settings) / processes);
  const together = Array.from({ length: processes }, (_, i) => start(bound(i), bound(i + 1)));
  const alone = [start(14, 15)];
  await Promise.all([...together, ...alone].map((child) => once(child, 'message')));
  const times = { together: [] as number[], alone: [] as number[], jax: [] as number[] };
  for (let i = 0; i < rounds; i++) {
    times.together.push((await round(together)) / steps / settings);
    times.alone.push((await round(alone)) / steps);
    times.jax.push(...[jaxMilliseconds() ?? []].flat());
  }
  for (const child of [...together, ...alone]) child.kill();
  const ours = median(times.together);
  const told = (name: string, all: number[]) => {
    if (all.length === 0) return;
    const spread = `${Math.min(...all).toFixed(4)}–${Math.max(...all).toFixed(4)}`;
    const ratio = (ours / median(all)).toFixed(2);
    console.log(`${name}: ${median(all).toFixed(4)} ms a setting and step (${spread}); together takes ${ratio} of it`);
  };
  told(`${settings} together, ${processes} processes`, times.together);
  told('one after the other', times.alone);
  told("JAX's vmap", times.jax);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
