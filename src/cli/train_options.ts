import { Option } from 'commander';
import { engineNames, type EngineName } from '../engine/engines.js';
import { UsageError } from '../errors.js';
import type { ModelName } from '../models/models.js';
import {
  has,
  methods,
  methodsWith,
  numberOptionNames,
  numberOptions,
  specOf,
  type Method,
  type NumberOptionName,
  type OwnOption,
} from '../methods/table.js';
import { usual, type Settings } from '../run/settings.js';
import { finite, integer, nonNegative, oneOf, positive } from './arguments.js';
import {
  batchSizeBounds,
  deviceBounds,
  reductionBounds,
  replicaBounds,
  seedBounds,
  threadBounds,
  workerBounds,
} from './bounds.js';

// The names stand here again so that `--help` need not load the models; the compiler holds them to the originals.
const models = [
  ...(['logreg', 'mlp', 'vgg', 'vgg11', 'vgg11_bn', 'vgg13', 'vgg13_bn'] as const),
  ...(['vgg16', 'vgg16_bn', 'vgg19', 'vgg19_bn'] as const),
] as const satisfies readonly ModelName[];
const orders = ['reference', 'paper'] as const satisfies readonly Settings['order'][];
const hypergradOptimizers = ['plain', 'momentum', 'adam'] as const satisfies readonly Settings['hypergradOptimizer'][];

const decoupled = methods.filter((method) => specOf(method).decoupled);

/** What `hypergrad train` is told: the flags of the reference's train.py, by its names, and ours. */
export interface TrainFlags extends Omit<Settings, 'engine'> {
  readonly engine?: EngineName;
  readonly cuda: boolean;
  readonly gpu: boolean;
  readonly tf32: boolean;
  readonly data?: string;
  readonly offline: boolean;
  readonly save: boolean;
  readonly dir: string;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly checkpoint: number;
  readonly keepModel: boolean;
  readonly silent: boolean;
}

/** An option, as the parser, the help, and a sweep's lists and files have it. */
export interface OptionSpec<Value> {
  /** As commander takes it: `--alpha_0 <rate>`; without a value it is a switch. */
  readonly flags: string;
  readonly about: string;
  /** @throws InvalidArgumentError that says what is allowed. */
  readonly parse?: (given: string) => Value;
  /** What holds where it is not given. */
  readonly preset?: Value;
  /** What holds where its name is given without a value. */
  readonly bare?: string;
  /** Of the environment, that sets it. */
  readonly variable?: string;
  /** Whether a sweep may list several values of it, takes one, or has no such option. */
  readonly inSweep: 'many' | 'one' | 'none';
}

/** Every option of `hypergrad train`, in the order of its help; the compiler sees to it that none is forgotten. */
export const optionSpecs: { readonly [Name in keyof TrainFlags]-?: OptionSpec<TrainFlags[Name]> } = {
  model: {
    flags: '--model <name>',
    about: 'what to train: logreg, mlp; vgg (which is vgg16_bn), vgg11, 13, 16, 19, each with or without _bn',
    parse: oneOf(models),
    preset: 'logreg',
    inSweep: 'many',
  },
  method: {
    flags: '--method <name>',
    about: `how: ${methods.join(', ')} (hypergrad methods tells of each)`,
    parse: oneOf(methods),
    preset: 'adam',
    inSweep: 'many',
  },
  alpha_0: {
    flags: '--alpha_0 <rate>',
    about: 'initial learning rate α₀',
    parse: nonNegative,
    preset: 0.001,
    inSweep: 'many',
  },
  beta: {
    flags: '--beta <rate>',
    about: 'learning rate β of the learning rate',
    parse: nonNegative,
    preset: 0.000001,
    inSweep: 'many',
  },
  mu: {
    flags: '--mu <factor>',
    about: `momentum μ, of ${methodsWith('mu').join(', ')}`,
    parse: nonNegative,
    preset: usual.mu,
    inSweep: 'many',
  },
  weightDecay: {
    flags: '--weightDecay <factor>',
    about: `L2 penalty; of ${decoupled.join(' and ')} kept out of the gradient, as AdamW has it`,
    parse: nonNegative,
    preset: usual.weightDecay,
    inSweep: 'many',
  },
  order: {
    flags: '--order <order>',
    about: 'adam_hd: α moves within the loop over tensors (reference) or once a step (paper)',
    parse: oneOf(orders),
    preset: usual.order,
    inSweep: 'many',
  },
  multiplicative: {
    flags: '--multiplicative',
    about: 'α ← α·(1 + β·h/(‖g‖·‖u‖)), the rule that needs no scale for β',
    preset: usual.multiplicative,
    inSweep: 'many',
  },
  lowerBound: {
    flags: '--lowerBound <rate>',
    about: 'α never falls below this; 0 forbids negative rates',
    parse: finite,
    inSweep: 'many',
  },
  clip: { flags: '--clip <size>', about: 'h never exceeds this in size', parse: positive, inSweep: 'many' },
  hypergradOptimizer: {
    flags: '--hypergradOptimizer <name>',
    about: `what moves α along h: ${hypergradOptimizers.join(', ')}`,
    parse: oneOf(hypergradOptimizers),
    preset: usual.hypergradOptimizer,
    inSweep: 'many',
  },
  ...numberSpecs(),
  batchSize: {
    flags: '--batchSize <count>',
    about: 'images in a mini-batch',
    parse: integer(batchSizeBounds),
    preset: usual.batchSize,
    inSweep: 'many',
  },
  epochs: {
    flags: '--epochs <count>',
    about: 'stop after so many epochs; 0: no limit',
    parse: integer(0),
    preset: 2,
    inSweep: 'one',
  },
  iterations: {
    flags: '--iterations <count>',
    about: 'stop at this iteration; 0: no limit',
    parse: integer(0),
    preset: 0,
    inSweep: 'one',
  },
  lossThreshold: {
    flags: '--lossThreshold <loss>',
    about: "stop when a mini-batch's loss is this low; 0: no limit",
    parse: nonNegative,
    preset: usual.lossThreshold,
    inSweep: 'many',
  },
  reduction: {
    flags: '--reduction <K>',
    about: 'train and test on the first 1/K of the images',
    parse: integer(reductionBounds),
    preset: usual.reduction,
    inSweep: 'many',
  },
  seed: {
    flags: '--seed <number>',
    about: 'seed of all random numbers',
    parse: integer(seedBounds),
    preset: usual.seed,
    inSweep: 'many',
  },
  save: {
    flags: '--save',
    about: 'write the results file, <dir>/<model>/<alpha_0>_<beta>/<method>.csv, and a record of the run beside it',
    preset: false,
    inSweep: 'none',
  },
  dir: { flags: '--dir <folder>', about: 'folder of the results', parse: String, preset: 'results', inSweep: 'one' },
  resume: {
    flags: '--resume',
    about: 'go on where an interrupted run stopped (and leave a finished one alone); with --save',
    preset: false,
    inSweep: 'none',
  },
  overwrite: {
    flags: '--overwrite',
    about: 'replace results of other settings, or of a longer run, and checkpoints',
    preset: false,
    inSweep: 'one',
  },
  checkpoint: {
    flags: '--checkpoint <minutes>',
    about: 'with --save, note so often where the run is, so that it can be resumed; 0: never',
    parse: nonNegative,
    preset: 5,
    inSweep: 'one',
  },
  keepModel: {
    flags: '--keepModel',
    about: 'with --save, keep the trained network as <method>.safetensors, which PyTorch reads',
    preset: false,
    inSweep: 'one',
  },
  data: {
    flags: '--data <folder>',
    about: 'folder of the data (default: "data"; for MNIST a copy comes along)',
    parse: String,
    inSweep: 'one',
  },
  offline: {
    flags: '--offline',
    about: 'vgg: do not fetch CIFAR-10 where it is absent',
    preset: false,
    variable: 'HYPERGRAD_OFFLINE',
    inSweep: 'one',
  },
  synthetic: {
    flags: '--synthetic',
    about: 'vgg: made-up images from the seed, where CIFAR-10 cannot be had',
    preset: false,
    inSweep: 'one',
  },
  silent: { flags: '--silent', about: 'show nothing', preset: false, inSweep: 'none' },
  engine: {
    flags: '--engine <name>',
    about: `what computes: ${engineNames.join(', ')} (default: onnx)`,
    parse: oneOf(engineNames),
    inSweep: 'one',
  },
  threads: {
    flags: '--threads <count>',
    about: 'threads of the engines onnx and wasm; 0: one a core; onnx: or one for a small model',
    parse: integer(threadBounds),
    preset: 0,
    inSweep: 'one',
  },
  cuda: {
    flags: '--cuda',
    about: 'compute on an NVIDIA GPU, by the engine tfjs-node-gpu',
    preset: false,
    inSweep: 'one',
  },
  gpu: {
    flags: '--gpu',
    about: 'compute on a GPU, by the first engine that is ready (hypergrad engines lists them)',
    preset: false,
    inSweep: 'one',
  },
  tf32: {
    flags: '--tf32',
    about: 'let an NVIDIA GPU multiply in TF32: faster, and three digits less; of onnx-cuda and tfjs-node-gpu',
    preset: false,
    inSweep: 'one',
  },
  device: { flags: '--device <index>', about: 'which GPU', parse: integer(deviceBounds), preset: 0, inSweep: 'one' },
  workers: {
    flags: '--workers <count>',
    about: 'threads that prepare images ahead; 0: none; MNIST needs none',
    parse: integer(workerBounds),
    preset: 1,
    inSweep: 'one',
  },
  parallel: {
    flags: '--parallel [replicas]',
    about: 'cut each mini-batch into parts, as on so many GPUs',
    parse: integer(replicaBounds),
    preset: usual.parallel,
    bare: '2',
    inSweep: 'many',
  },
};

/** Options without a default of their own, which the methods have; `about` goes on with who has them. */
function numberSpecs(): Record<NumberOptionName, OptionSpec<number | undefined>> {
  const parsers = { nonNegative, positive, count: integer(0) };
  const specs = numberOptionNames.map((name): [string, OptionSpec<number | undefined>] => {
    const { value, about, allowed } = numberOptions[name];
    const those = methodsWith(name).join(', ');
    const spec = { flags: `--${name} <${value}>`, about: `${about}, of ${those}`, parse: parsers[allowed] };
    return [name, { ...spec, inSweep: 'many' }];
  });
  return Object.fromEntries(specs) as Record<NumberOptionName, OptionSpec<number | undefined>>;
}

/** The options that not every method has. */
export const ownOptions = [
  ...(['alpha_0', 'beta', 'mu', 'order', 'multiplicative', 'lowerBound', 'clip', 'hypergradOptimizer'] as const),
  ...numberOptionNames,
] as const satisfies readonly OwnOption[];

/** What holds for an option of a method where it is not given; undefined: it is off, or the method has no such option. */
export function defaultOf(method: Method, option: OwnOption): unknown {
  if (has(method, option)) return specOf(method).options[option] ?? undefined;
  // What the published runs tell of options that they do not use stays as they tell it.
  if (!specOf(method).published && (option === 'alpha_0' || option === 'beta')) return 0;
  return optionSpecs[option].preset;
}

/** Flags with the method's own defaults, and without what the method has no use for. */
export function forMethod<Flags extends Pick<TrainFlags, 'method'>>(
  flags: Flags,
  isGiven: (option: OwnOption) => boolean,
): Flags {
  const { method } = flags;
  const stays = (option: OwnOption) => isGiven(option) && (has(method, option) || specOf(method).published);
  const replaced = ownOptions.filter((option) => !stays(option)).map((option) => [option, defaultOf(method, option)]);
  return { ...flags, ...Object.fromEntries(replaced) } as Flags;
}

/** @throws UsageError where an option was given that the method has not. A published method's path has its β. */
export function refuseForeign(method: Method, isGiven: (option: OwnOption) => boolean): void {
  const foreign = ownOptions.find(
    (option) => isGiven(option) && !has(method, option) && !(option === 'beta' && specOf(method).published),
  );
  if (foreign === undefined) return;
  const own = ownOptions.filter((option) => has(method, option)).map((option) => `--${option}`);
  throw new UsageError(
    `--${foreign} is no option of ${method}, which has ${own.join(', ')}; ` +
      `it is one of ${methodsWith(foreign).join(', ')}. Leave it out, or choose another --method.`,
  );
}

/** The options as commander takes them. */
export function trainOptions(): Option[] {
  return Object.values(optionSpecs).map(({ flags, about, parse, preset, bare, variable }: OptionSpec<unknown>) => {
    const option = new Option(flags, about);
    if (parse) option.argParser(parse);
    if (preset !== undefined) option.default(preset);
    if (variable !== undefined) option.env(variable);
    return bare === undefined ? option : option.preset(bare);
  });
}

/** The engine that flags name; undefined where it is the first of a GPU that is ready. @throws UsageError where they name two. */
export function namedEngine({
  cuda,
  gpu,
  engine,
  tf32,
}: Pick<TrainFlags, 'cuda' | 'gpu' | 'engine' | 'tf32'>): EngineName | undefined {
  if (gpu && engine !== undefined) {
    throw new UsageError(`--gpu chooses an engine, and --engine ${engine} names one; give one of them.`);
  }
  if (cuda && engine !== undefined && engine !== 'tfjs-node-gpu') {
    throw new UsageError(`--cuda and --engine ${engine} contradict each other; give one of them.`);
  }
  const named = engine ?? (cuda ? 'tfjs-node-gpu' : gpu ? undefined : 'onnx');
  if (tf32 && named !== undefined && named !== 'tfjs-node-gpu' && named !== 'onnx-cuda') {
    throw new UsageError(
      `--tf32 is of the engines onnx-cuda and tfjs-node-gpu, and this is ${named}; name one of them, or leave it out.`,
    );
  }
  return named;
}

/** As `namedEngine`, with --gpu answered. @throws UsageError where no GPU's engine is ready. */
export async function chosenEngine(
  flags: Pick<TrainFlags, 'cuda' | 'gpu' | 'engine' | 'tf32' | 'device'>,
): Promise<EngineName> {
  const named = namedEngine(flags);
  if (named !== undefined) return named;
  const engine = await (await import('../engine/status.js')).readyGpuEngine(flags.device);
  return namedEngine({ ...flags, gpu: false, engine }) ?? engine;
}

/** @throws UsageError where a run cannot have these together. */
export function refuseImpossible({
  method,
  mu,
  lowerBound,
  alpha_0: alpha0,
  batchSize,
  parallel,
}: Pick<TrainFlags, 'method' | 'mu' | 'lowerBound' | 'alpha_0' | 'batchSize' | 'parallel'>): void {
  if ((method === 'sgdn' || method === 'sgdn_hd') && mu === 0) {
    throw new UsageError(
      `--mu 0: Nesterov momentum needs a μ above 0; for none, use --method ${method.replace('n', '')}.`,
    );
  }
  if (lowerBound !== undefined && lowerBound > alpha0) {
    throw new UsageError(`--lowerBound ${lowerBound} is above --alpha_0 ${alpha0}; lower it, or begin higher.`);
  }
  if (parallel > batchSize) {
    throw new UsageError(
      `--parallel ${parallel} cuts a mini-batch into more parts than --batchSize ${batchSize} has images.`,
    );
  }
}
