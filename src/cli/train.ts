import { Command, Option } from 'commander';
import type { EngineName } from '../engine/engines.js';
import { UsageError } from '../errors.js';
import type { Method } from '../optimizers/methods.js';
import type { ModelName } from '../models/models.js';
import { resultPath } from '../results/path.js';
import type { TrainOptions } from '../training/train.js';
import { finite, integer, nonNegative, oneOf, positive } from './arguments.js';
import { interruptible } from './interrupt.js';
import { progress } from './progress.js';

// The names stand here again so that `--help` need not load the engines; the compiler holds them to the originals.
const modelNames = [
  ...(['logreg', 'mlp', 'vgg', 'vgg11', 'vgg11_bn', 'vgg13', 'vgg13_bn'] as const),
  ...(['vgg16', 'vgg16_bn', 'vgg19', 'vgg19_bn'] as const),
] as const satisfies readonly ModelName[];
const methodNames = ['sgd', 'sgd_hd', 'sgdn', 'sgdn_hd', 'adam', 'adam_hd'] as const satisfies readonly Method[];
const engineNames = ['onnx', 'tfjs-node-gpu', 'tfjs-node', 'cpu'] as const satisfies readonly EngineName[];
const orders = ['reference', 'paper'] as const;
const hypergradOptimizerNames = ['plain', 'momentum', 'adam'] as const;

/** The flags of the reference's train.py, by its names, and ours. */
interface Flags {
  readonly cuda: boolean;
  readonly device: number;
  readonly seed: number;
  readonly dir: string;
  readonly model: (typeof modelNames)[number];
  readonly method: Method;
  readonly alpha_0: number;
  readonly beta: number;
  readonly mu: number;
  readonly weightDecay: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly iterations: number;
  readonly lossThreshold: number;
  readonly silent: boolean;
  readonly workers: number;
  readonly parallel: number;
  readonly save: boolean;
  readonly order: (typeof orders)[number];
  readonly multiplicative: boolean;
  readonly lowerBound?: number;
  readonly clip?: number;
  readonly hypergradOptimizer: (typeof hypergradOptimizerNames)[number];
  readonly engine?: EngineName;
  readonly threads: number;
  readonly data?: string;
  readonly synthetic: boolean;
  readonly offline: boolean;
}

const options: readonly Option[] = [
  valued(
    '--model <name>',
    `what to train: logreg, mlp; vgg (which is vgg16_bn), vgg11, 13, 16, 19, each with or without _bn`,
    oneOf(modelNames),
    'logreg',
  ),
  valued('--method <name>', `how: ${methodNames.join(', ')}`, oneOf(methodNames), 'adam'),
  valued('--alpha_0 <rate>', 'initial learning rate α₀', nonNegative, 0.001),
  valued('--beta <rate>', 'learning rate β of the learning rate', nonNegative, 0.000001),
  valued('--mu <factor>', 'momentum μ, of sgdn and sgdn_hd', nonNegative, 0.9),
  valued('--weightDecay <factor>', 'L2 penalty', nonNegative, 0.0001),
  valued(
    '--order <order>',
    `adam_hd: α moves within the loop over tensors (reference) or once a step (paper)`,
    oneOf(orders),
    'reference',
  ),
  new Option('--multiplicative', 'α ← α·(1 + β·h/(‖g‖·‖u‖)), the rule that needs no scale for β').default(false),
  valued('--lowerBound <rate>', 'α never falls below this; 0 forbids negative rates', finite),
  valued('--clip <size>', 'h never exceeds this in size', positive),
  valued(
    '--hypergradOptimizer <name>',
    `what moves α along h: ${hypergradOptimizerNames.join(', ')}`,
    oneOf(hypergradOptimizerNames),
    'plain',
  ),
  valued('--batchSize <count>', 'images in a mini-batch', integer(1), 128),
  valued('--epochs <count>', 'stop after so many epochs; 0: no limit', integer(0), 2),
  valued('--iterations <count>', 'stop at this iteration; 0: no limit', integer(0), 0),
  valued('--lossThreshold <loss>', "stop when a mini-batch's loss is this low; 0: no limit", nonNegative, 0),
  valued('--seed <number>', 'seed of all random numbers', integer(0), 1),
  new Option('--save', 'write the results file, <dir>/<model>/<alpha_0>_<beta>/<method>.csv').default(false),
  valued('--dir <folder>', 'folder of the results', String, 'results'),
  valued('--data <folder>', 'folder of the data (default: "data"; for MNIST a copy comes along)', String),
  new Option('--offline', 'vgg: do not fetch CIFAR-10 where it is absent').default(false).env('HYPERGRAD_OFFLINE'),
  new Option('--synthetic', 'vgg: made-up images from the seed, where CIFAR-10 cannot be had').default(false),
  new Option('--silent', 'show nothing').default(false),
  valued('--engine <name>', `what computes: ${engineNames.join(', ')} (default: onnx)`, oneOf(engineNames)),
  valued('--threads <count>', 'threads of the onnx engine; 0: one a core, or one for a small model', integer(0), 0),
  new Option('--cuda', 'compute on an NVIDIA GPU, by the engine tfjs-node-gpu').default(false),
  valued('--device <index>', 'which GPU', integer(0), 0),
  valued('--workers <count>', 'threads that prepare images ahead; 0: none; MNIST needs none', integer(0), 1),
  valued('--parallel [replicas]', 'cut each mini-batch into parts, as on so many GPUs', integer(1), 1).preset('2'),
];

export function trainCommand(): Command {
  const command = new Command('train').description('Train a model and record every iteration.');
  for (const option of options) command.addOption(option);
  return command.action((flags: Flags) => run(flags));
}

function valued(flags: string, description: string, parse: (given: string) => unknown, preset?: unknown): Option {
  const option = new Option(flags, description).argParser(parse);
  return preset === undefined ? option : option.default(preset);
}

async function run(flags: Flags): Promise<void> {
  const { model, method, alpha_0: alpha0, beta, silent } = flags;
  const engineName = chosenEngine(flags);
  if (method.startsWith('sgdn') && flags.mu === 0) {
    throw new UsageError(
      `--mu 0: Nesterov momentum needs a μ above 0; for none, use --method ${method.replace('n', '')}.`,
    );
  }

  if (flags.lowerBound !== undefined && flags.lowerBound > alpha0) {
    throw new UsageError(`--lowerBound ${flags.lowerBound} is above --alpha_0 ${alpha0}; lower it, or begin higher.`);
  }

  const [{ createEngine }, { loadDatasetAloud }, { openResults }, { train }] = await Promise.all([
    import('../engine/engines.js'),
    import('./dataset.js'),
    import('../results/writer.js'),
    import('../training/train.js'),
  ]);
  const dataset = await loadDatasetAloud(flags);
  if (dataset === undefined) return;
  const engine = await createEngine(engineName, flags);
  // Results of made-up images must never pass for real ones.
  const folder = flags.synthetic ? `${model}_synthetic` : model;
  const target = resultPath({ directory: flags.dir, model: folder, method, alpha0, beta });
  const results = flags.save ? openResults(target) : undefined;
  const talk = progress({ ...flags, trainingSamples: dataset.train.count, silent });
  talk.line(`${dataset.name}, ${model}, ${method}, α₀ ${alpha0}, β ${beta}, on ${engine.name}`);

  try {
    await interruptible(async (signal) => {
      const options: TrainOptions = { ...flags, model, alpha0, replicas: flags.parallel, dataset, engine, signal };
      for await (const rows of train(options)) {
        results?.write(rows);
        talk.rows(rows);
      }
      talk.done();
      if (signal.aborted) {
        talk.line(results ? `Interrupted. The rows so far are in ${results.partial}.` : 'Interrupted.');
      } else if (results) {
        results.finish();
        talk.line(`Saved ${target}.`);
      }
    });
  } finally {
    results?.close();
  }
}

function chosenEngine({ cuda, engine }: Flags): EngineName {
  if (cuda && engine !== undefined && engine !== 'tfjs-node-gpu') {
    throw new UsageError(`--cuda and --engine ${engine} contradict each other; give one of them.`);
  }
  return engine ?? (cuda ? 'tfjs-node-gpu' : 'onnx');
}
