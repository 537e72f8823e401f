/*
 * Holds an engine against the engine onnx: the same steps of each model with each method on made-up images, the largest
 * deviation of loss and α, milliseconds a step and the process's memory; then many steps, to see that the memory stays.
 * Beside each deviation, "a bit" is that of the engine onnx from itself where every parameter begins a last bit off: what
 * rounding makes of such steps on any engine. Adam divides gradients by their own size, those too that are rounding alone.
 *
 *     npx tsx scripts/try_engine.ts webgpu [--models logreg,mlp,narrow,vgg] [--methods adam,adam_hd] [--device 0]
 *
 * `narrow` is a VGG of few maps on images of 8x8: few enough that no ReLU and no pool stands within rounding of its edge, where
 * engines part for good (docs/engines.md). Where there is no graphics card, webgpu is tried on the software driver of Chromium:
 * VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json LD_LIBRARY_PATH=/usr/lib/chromium (as Debian lays it).
 */
import { Argument, Command, InvalidArgumentError } from 'commander';
import { integer } from '../src/cli/arguments.js';
import { syntheticCifar10 } from '../src/data/synthetic.js';
import { type Dataset, type ImageSet } from '../src/data/dataset.js';
import { ithOf, type Batches, type Engine } from '../src/engine/engine.js';
import { createEngine, engineNames, type EngineName } from '../src/engine/engines.js';
import { program } from '../src/engine/program.js';
import { UsageError } from '../src/errors.js';
import type { Model } from '../src/models/model.js';
import { models as trained } from '../src/models/models.js';
import { vggModel } from '../src/models/vgg.js';
import { updateRule } from '../src/methods/rule.js';
import { methods, publishedMethods, specOf, type Method } from '../src/methods/table.js';
import { mt19937, type RandomSource } from '../src/random/mt19937.js';
import { prepare } from '../src/training/prepare.js';

interface Case {
  readonly model: Model;
  readonly dataset: (images: number) => Dataset;
  /** Steps that are compared: in a large network with batch norm, one step's rounding sends the next ones elsewhere. */
  readonly steps: number;
}

const narrow = vggModel({ layers: [8, 'pool', 8, 16, 'pool', 16, 'pool'], batchNorm: true, hidden: 16 });
const cifar = (images: number) => syntheticCifar10({ seed: 5, train: images, test: 250 });
const cases: Record<string, Case> = {
  logreg: { model: trained.logreg, dataset: digits, steps: 20 },
  mlp: { model: trained.mlp, dataset: digits, steps: 20 },
  narrow: { model: narrow, dataset: colours, steps: 20 },
  vgg: { model: trained.vgg, dataset: cifar, steps: 1 },
};

const flags = new Command('npx tsx scripts/try_engine.ts')
  .addArgument(new Argument('<engine>').choices(engineNames))
  .option('--models <list>', `of ${Object.keys(cases).join(', ')}`, among(Object.keys(cases)), Object.keys(cases))
  .option('--methods <list>', `of ${methods.join(', ')}`, among(methods), [...publishedMethods])
  .option('--steps <count>', 'that are compared; of vgg one', integer(1), 20)
  .option('--batchSize <count>', 'images in a mini-batch', integer(1), 128)
  .option('--device <index>', 'of the card', integer(0), 0)
  .option('--memory <count>', 'steps in which memory is watched, after those; 0: none', integer(0), 0)
  .parse();
const [engineName] = flags.processedArgs as [EngineName];
const options = flags.opts<{
  models: string[];
  methods: Method[];
  steps: number;
  batchSize: number;
  device: number;
  memory: number;
}>();

/** Noise of MNIST's shape, four fifths of it black. */
function digits(count: number): Dataset {
  const noise = noiseOf(784, (source) => (source.next() % 5 === 0 ? source.next() >>> 24 : 0));
  return { imageShape: [28, 28], mean: [0.1307], std: [0.3081], ...noise(count) };
}

/** Noise of three colours, 8x8. */
function colours(count: number): Dataset {
  const noise = noiseOf(8 * 8 * 3, (source) => source.next() >>> 24);
  return { imageShape: [8, 8, 3], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], ...noise(count) };
}

function noiseOf(pixels: number, pixel: (source: RandomSource) => number) {
  const source = mt19937(77);
  const set = (images: number): ImageSet => ({
    count: images,
    images: Uint8Array.from({ length: images * pixels }, () => pixel(source)),
    labels: Uint8Array.from({ length: images }, () => source.next() % 10),
  });
  return (count: number) => ({ name: 'noise', classes: 10, augmented: false, train: set(count), test: set(250) });
}

/** All mini-batches of a set of images, with their masks. */
function batchesOf(model: Model, { train, imageShape, augmented }: Dataset, batchSize: number): Batches {
  const steps = train.count / batchSize;
  const size = train.images.length / steps;
  const prepared = Array.from({ length: steps }, (_, index) =>
    prepare({
      ...{ seed: 1, index, imageShape },
      images: augmented ? train.images.slice(index * size, (index + 1) * size) : undefined,
      masks: Object.fromEntries(Object.entries(model.masks ?? {}).map(([mask, [n = 1]]) => [mask, n * batchSize])),
    }),
  );
  return {
    rows: Int32Array.from({ length: train.count }, (_, i) => i),
    batchSize,
    images: augmented ? Buffer.concat(prepared.map(({ images }) => images!)) : undefined,
    masks: Object.fromEntries(
      Object.keys(model.masks ?? {}).map((mask) => [mask, Buffer.concat(prepared.map(({ masks }) => masks[mask]!))]),
    ),
  };
}

interface RunOptions {
  /** Whether the parameters begin with their last bit changed. */
  readonly aBitOff?: boolean;
  /** Steps in which memory is watched. */
  readonly memory?: number;
}

async function run(engine: Engine, name: string, method: Method, { aBitOff = false, memory = 0 }: RunOptions = {}) {
  const { model, dataset: made, steps } = cases[name]!;
  const { batchSize } = options;
  const dataset = made(batchSize * Math.min(steps, options.steps));
  const rule = updateRule(method, { ...ratesOf(method), mu: 0.9, weightDecay: 1e-4 });
  const variables = model.init(mt19937(1));
  if (aBitOff) for (const { values } of Object.values(variables.parameters)) changeLastBits(values);
  const runner = await engine.start(program({ dataset, model, rule, variables, batchSizes: [batchSize] }));
  const batches = batchesOf(model, dataset, batchSize);
  const first = await runner.train(batches);
  const valid = await runner.evaluate(
    'test',
    Int32Array.from({ length: 250 }, (_, i) => i),
  );
  const again = performance.now();
  if (steps > 1) await runner.train(batches);
  const milliseconds = (performance.now() - again) / first.loss.length;
  const megabytes: number[] = [];
  for (let step = 1; step <= memory; step++) {
    await runner.train(ithOf(batches, step % first.loss.length));
    if (step % Math.ceil(memory / 6) === 0) megabytes.push(process.memoryUsage.rss() / 2 ** 20);
  }
  await runner.dispose();
  return { ...first, valid, milliseconds, megabytes };
}

/** The published methods' rates are such that α moves; the others' are their presets. */
function ratesOf(method: Method) {
  const { published, options: own } = specOf(method);
  const beta = published ? (method === 'adam_hd' ? 1e-7 : 1e-3) : (own.beta ?? 0);
  return { alpha0: own.alpha_0 ?? 1e-3, beta };
}

/** Each number becomes the next float32 above or below it; zeros stay. */
function changeLastBits(values: Float32Array): void {
  const source = mt19937(99);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) if (values[i] !== 0) bits[i]! += source.next() & 1 ? 1 : -1;
}

/** The largest difference, relative to the largest magnitude. */
function deviation(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, magnitude] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i]! - expected[i]!);
    difference = off >= difference ? off : Number.isNaN(off) ? Number.POSITIVE_INFINITY : difference;
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return difference === 0 ? 0 : difference / magnitude;
}

function among(known: readonly string[]) {
  return (list: string) => {
    const unknown = list.split(',').find((name) => !known.includes(name));
    if (unknown === undefined) return list.split(',');
    throw new InvalidArgumentError(`'${unknown}' is none of ${known.join(', ')}.`);
  };
}

try {
  const engine = await createEngine(engineName, { threads: 0, device: options.device });
  const reference = await createEngine('onnx', { threads: 0, device: 0 });
  console.error(`${engine.version} against ${reference.version}, Node ${process.version}\n`);
  const columns = [
    'model',
    'method',
    'steps',
    ...['loss', 'a bit', 'α', 'a bit', 'validation', 'a bit'],
    'ms a step',
    'onnx',
    'MB, of steps after those',
  ];
  console.log(`| ${columns.join(' | ')} |\n|${columns.map(() => '---').join('|')}|`);
  for (const name of options.models) {
    for (const method of options.methods) {
      const seen = await run(engine, name, method, { memory: options.memory });
      const expected = await run(reference, name, method);
      const other = await run(reference, name, method, { aBitOff: true });
      const deviations = [
        ...[deviation(seen.loss, expected.loss), deviation(other.loss, expected.loss)],
        ...[deviation(seen.alpha, expected.alpha), deviation(other.alpha, expected.alpha)],
        ...[deviation(seen.valid.loss, expected.valid.loss), deviation(other.valid.loss, expected.valid.loss)],
      ].map((figure) => figure.toExponential(1));
      const times = [seen, expected].map(({ milliseconds }) => milliseconds.toFixed(milliseconds < 10 ? 2 : 0));
      const memory = seen.megabytes.map((size) => size.toFixed(0)).join(' ');
      console.log(`| ${[name, method, seen.loss.length, ...deviations, ...times, memory].join(' | ')} |`);
    }
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
