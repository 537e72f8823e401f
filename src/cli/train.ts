import { Command } from 'commander';
import type { EngineName } from '../engine/engines.js';
import { UsageError } from '../errors.js';
import { interruptible } from './interrupt.js';
import { warn } from './plot.js';
import { progress } from './progress.js';
import { trainOptions, type TrainFlags } from './train_options.js';

/** `hypergrad train`: what train.py does. It says on standard error how it goes. */
export function trainCommand(): Command {
  const command = new Command('train').description('Train a model and record every iteration.');
  for (const option of trainOptions()) command.addOption(option);
  return command.action((flags: TrainFlags) => interruptible((signal) => run(flags, signal)));
}

async function run(flags: TrainFlags, signal: AbortSignal): Promise<void> {
  const { silent } = flags;
  const settings = { ...flags, engine: chosenEngine(flags) };
  refuseContradictions(flags);

  const [{ createEngine }, { loadDataset }, { reduced }, { runSaved, runUnsaved }] = await Promise.all([
    import('../engine/engines.js'),
    import('./dataset.js'),
    import('../data/reduced.js'),
    import('../run/run.js'),
  ]);
  const whole = loadDataset(flags, (text) => {
    if (!silent) warn(text);
  });
  const dataset = reduced(whole, flags.reduction);
  const engine = await createEngine(settings.engine, settings);
  const observer = progress({ ...flags, trainingSamples: dataset.train.count, silent });
  const { model, method, alpha_0: alpha0, beta, seed } = flags;
  observer.line(`${dataset.name}, ${model}, ${method}, α₀ ${alpha0}, β ${beta}, seed ${seed}, on ${engine.name}`);
  const options = { settings, dataset, engine, signal, observer };
  let saying: string | undefined;
  try {
    saying = await (flags.save ? runSaved({ ...flags, ...options }) : runUnsaved(options));
  } finally {
    observer.done();
  }
  if (saying !== undefined) observer.line(saying);
}

function refuseContradictions({ method, mu, lowerBound, alpha_0: alpha0, save, ...flags }: TrainFlags): void {
  if (method.startsWith('sgdn') && mu === 0) {
    throw new UsageError(
      `--mu 0: Nesterov momentum needs a μ above 0; for none, use --method ${method.replace('n', '')}.`,
    );
  }
  if (lowerBound !== undefined && lowerBound > alpha0) {
    throw new UsageError(`--lowerBound ${lowerBound} is above --alpha_0 ${alpha0}; lower it, or begin higher.`);
  }
  const ofSaved = (['resume', 'overwrite', 'keepModel'] as const).find((name) => flags[name]);
  if (ofSaved !== undefined && !save) {
    throw new UsageError(`--${ofSaved} is about saved results; give --save too, or leave it out.`);
  }
  if (flags.resume && flags.overwrite) {
    throw new UsageError('--resume and --overwrite contradict each other; give one of them.');
  }
}

function chosenEngine({ cuda, engine }: TrainFlags): EngineName {
  if (cuda && engine !== undefined && engine !== 'tfjs-node-gpu') {
    throw new UsageError(`--cuda and --engine ${engine} contradict each other; give one of them.`);
  }
  return engine ?? (cuda ? 'tfjs-node-gpu' : 'onnx');
}
