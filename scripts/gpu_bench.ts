/*
 * Times a training step on each engine of a GPU, and in PyTorch on the same card, as a table for the docs: milliseconds a
 * step, the mean of the second half of a run. Ours is the whole program with its data; PyTorch's (scripts/train_torch.py)
 * the training step alone, on one mini-batch that stays on the card, with images in channels_last and Adam fused.
 *
 *     npx tsx scripts/gpu_bench.ts --engines onnx-cuda,tfjs-node-gpu,webgpu --torch PYTHON
 *
 * Engines of CUDA and PyTorch are timed with TF32 besides. scripts/gpu.sh makes all that this takes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { integer } from '../src/cli/arguments.js';
import { publishedMethods } from '../src/methods/table.js';

const list = (given: string) => given.split(',').filter(Boolean);
const flags = new Command('gpu_bench.ts')
  .requiredOption('--engines <list>', 'as train --engine takes them', list)
  .option('--torch <path>', 'a Python that has torch')
  .option('--torchDevice <name>', "PyTorch's device", 'cuda')
  .option('--models <list>', 'of mlp, vgg', list, ['mlp', 'vgg'])
  .option('--methods <list>', '', list, [...publishedMethods])
  .option('--steps <count>', 'of a run', integer(10), 300)
  .parse()
  .opts<{
    engines: string[];
    torch?: string;
    torchDevice: string;
    models: string[];
    methods: string[];
    steps: number;
  }>();

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Milliseconds a step of the second half, by the Time column of the results. */
function ours(engine: string, model: string, method: string, tf32: boolean): number {
  const folder = mkdtempSync(join(tmpdir(), 'hypergrad-gpu-'));
  try {
    const args = ['train', '--model', model, '--method', method, '--beta', '1e-8', '--engine', engine];
    if (tf32) args.push('--tf32');
    if (model === 'vgg') args.push('--synthetic');
    args.push('--iterations', String(flags.steps), '--epochs', '0', '--save', '--silent', '--dir', folder);
    execFileSync(process.execPath, [here('../dist/cli/main.js'), ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [csv = ''] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.csv'),
    );
    const times = readFileSync(join(folder, csv), 'utf8').trim().split('\r\n').slice(1);
    const seconds = times.map((line) => Number(line.split(',')[2]));
    const half = seconds.length >> 1;
    return (1000 * (seconds.at(-1)! - seconds[half]!)) / (seconds.length - 1 - half);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function torch(python: string, model: string, method: string, tf32: boolean): number {
  const args = ['--model', model, '--method', method, '--beta', '1e-8', '--iterations', String(flags.steps)];
  args.push('--bare', '--device', flags.torchDevice);
  if (tf32) args.push('--tf32');
  const printed = execFileSync(python, [here('train_torch.py'), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return 1000 * (JSON.parse(printed) as { secondsPerIteration: number }).secondsPerIteration;
}

type Timing = (model: string, method: string) => number;
const columns: (readonly [string, Timing])[] = [
  ...flags.engines.flatMap((engine): (readonly [string, Timing])[] => {
    const column = (tf32: boolean) =>
      [`${engine}${tf32 ? ', TF32' : ''}`, (...run: Parameters<Timing>) => ours(engine, ...run, tf32)] as const;
    return ['onnx-cuda', 'tfjs-node-gpu'].includes(engine) ? [column(false), column(true)] : [column(false)];
  }),
  ...[false, true].flatMap((tf32): (readonly [string, Timing])[] => {
    const { torch: python } = flags;
    return python ? [[`PyTorch${tf32 ? ', TF32' : ''}`, (...run) => torch(python, ...run, tf32)]] : [];
  }),
];

console.log(`| model | method | ${columns.map(([name]) => `${name}, ms`).join(' | ')} |`);
console.log(`|${'---|'.repeat(2 + columns.length)}`);
for (const model of flags.models) {
  for (const method of flags.methods) {
    const cells = columns.map(([name, time]) => {
      try {
        return time(model, method).toFixed(2);
      } catch (error) {
        console.error(`${name}, ${model}, ${method}: ${(error as Error).message.split('\n')[0] ?? ''}`);
        return 'failed';
      }
    });
    console.log(`| ${[model, method, ...cells].join(' | ')} |`);
  }
}
