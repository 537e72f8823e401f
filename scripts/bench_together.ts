/*
 * Times training steps on MNIST of several settings together and of the same settings one after the other, in turn, and
 * beside them, where PYTHON has JAX, as many by its vmap (scripts/train_jax.py).
 *
 *     npx tsx scripts/bench_together.ts [--model logreg] [--method adam_hd] [--settings 36] [--threads 2] [--rounds 3]
 *
 * Environment: PYTHON, the Python that has JAX (pip install jax numpy).
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { integer } from '../src/cli/arguments.js';
import { loadMnist } from '../src/data/mnist.js';
import { startTogether } from '../src/engine/engine.js';
import { onnxEngine } from '../src/engine/onnx/engine.js';
import { program } from '../src/engine/program.js';
import { models, type ModelName } from '../src/models/models.js';
import { updateRule } from '../src/optimizers/methods.js';
import type { Method } from '../src/optimizers/table.js';
import { mt19937 } from '../src/random/mt19937.js';

const { model, method, settings, threads, rounds } = new Command('npx tsx scripts/bench_together.ts')
  .option('--model <name>', 'logreg or mlp', 'logreg')
  .option('--method <name>', 'as of train', 'adam_hd')
  .option('--settings <count>', 'of α₀ and β', integer(1), 36)
  .option('--threads <count>', 'of the settings together; 0: as the engine has it', integer(0), 0)
  .option('--rounds <count>', 'the median of so many is printed', integer(1), 5)
  .parse()
  .opts<{ model: ModelName; method: Method; settings: number; threads: number; rounds: number }>();

const [batchSize, steps] = [128, model === 'logreg' ? 200 : 10];
const { dataset } = loadMnist();
const rates = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
const source = mt19937(1);
const rows = Int32Array.from({ length: steps * batchSize }, () => source.next() % dataset.train.count);
const variables = models[model].init(source);

function programOf(i: number) {
  const [alpha0, beta] = [rates[Math.floor(i / 6) % 6]!, rates[i % 6]!];
  const rule = updateRule(method, { alpha0, beta, mu: 0.9, weightDecay: 1e-4 });
  return program({
    ...{ dataset, model: models[model], rule },
    ...{ variables: structuredClone(variables), batchSizes: [batchSize] },
  });
}

/** Milliseconds a step of some settings together, of one round. */
async function timed(runners: { train(batches: { rows: Int32Array; batchSize: number }): Promise<unknown> }) {
  const began = performance.now();
  await runners.train({ rows, batchSize });
  return (performance.now() - began) / steps;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const all = Array.from({ length: settings }, (_, i) => programOf(i));
const began = performance.now();
const together = await startTogether(onnxEngine({ threads, cores: 2 }), all);
const startSeconds = (performance.now() - began) / 1000;
const single = await onnxEngine({ cores: 2 }).start(programOf(14));
await timed(together);
await timed(single);
const times = { together: [] as number[], single: [] as number[] };
for (let round = 0; round < rounds; round++) {
  times.together.push((await timed(together)) / settings);
  times.single.push(await timed(single));
}
await Promise.all([together.dispose(), single.dispose()]);
const [ours, alone] = [median(times.together), median(times.single)];
const told = (name: string, milliseconds: number) =>
  console.log(`${name}: ${milliseconds.toFixed(4)} ms a setting and step, ${(milliseconds / ours).toFixed(2)}`);
told(`${settings} together (started in ${startSeconds.toFixed(2)} s)`, ours);
told('one after the other', alone);

const python = process.env.PYTHON ?? 'python3';
const script = fileURLToPath(new URL('train_jax.py', import.meta.url));
const jax = spawnSync(python, [script, '--model', model, '--method', method, '--settings', String(settings)], {
  encoding: 'utf8',
});
if (jax.status === 0) {
  const { secondsPerSettingAndStep } = JSON.parse(jax.stdout) as { secondsPerSettingAndStep: number };
  told("JAX's vmap", 1000 * secondsPerSettingAndStep);
}
