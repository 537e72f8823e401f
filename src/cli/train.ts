import { Command } from 'commander';
import { UsageError } from '../errors.js';
import type { Outcome } from '../run/outcome.js';
import { interruptible } from './interrupt.js';
import { progress } from './progress.js';
import {
  chosenEngine,
  forMethod,
  refuseForeign,
  refuseImpossible,
  trainOptions,
  type TrainFlags,
} from './train_options.js';
import type { OwnOption } from '../methods/table.js';

/** `hypergrad train`: what train.py does. It says on standard error how it goes. */
export function trainCommand(): Command {
  const command = new Command('train').description('train a model and record every iteration');
  for (const option of trainOptions()) command.addOption(option);
  return command.action((given: TrainFlags) => {
    const isGiven = (option: OwnOption) => !['default', undefined].includes(command.getOptionValueSource(option));
    refuseForeign(given.method, isGiven);
    return interruptible((signal) => run(forMethod(given, isGiven), signal));
  });
}

async function run(flags: TrainFlags, signal: AbortSignal): Promise<void> {
  const { silent } = flags;
  refuseContradictions(flags);
  const settings = { ...flags, engine: await chosenEngine(flags) };
  // Without a driver, its libraries write lines of their own to standard error: here another process tries it.
  if (flags.engine === 'webgpu') await (await import('../engine/status.js')).refuseUnready('webgpu', flags.device);

  const [{ createEngine }, { loadDatasetAloud }, { reduced }, { runSaved, runUnsaved }, { targetOf }] =
    await Promise.all([
      import('../engine/engines.js'),
      import('./dataset.js'),
      import('../data/reduced.js'),
      import('../run/run.js'),
      import('../run/settings.js'),
    ]);
  const whole = await loadDatasetAloud(flags, signal);
  if (whole === undefined) return;
  const dataset = reduced(whole, flags.reduction);
  const engine = await createEngine(settings.engine, settings);
  const observer = progress({ ...flags, trainingSamples: dataset.train.count, silent });
  const { model, method, alpha_0: alpha0, beta, seed } = flags;
  observer.line(`${dataset.name}, ${model}, ${method}, α₀ ${alpha0}, β ${beta}, seed ${seed}, on ${engine.name}`);
  const options = { settings, dataset, engine, signal, observer };
  try {
    if (flags.save) {
      const outcome = await runSaved({ ...flags, ...options, target: targetOf(settings, flags.dir) });
      observer.done();
      if (outcome.kind === 'held') throw new UsageError(outcome.why);
      observer.line(inWords(outcome));
    } else {
      await runUnsaved(options);
      observer.done();
      if (signal.aborted) observer.line('Interrupted.');
    }
  } finally {
    observer.done();
  }
}

function inWords(outcome: Exclude<Outcome, { kind: 'held' }>): string {
  switch (outcome.kind) {
    case 'finished':
      return `Saved ${outcome.results}${outcome.model === undefined ? '' : `, and the network in ${outcome.model}`}.`;
    case 'already':
      return `${outcome.results} is finished already${outcome.recorded ? '' : ' (by its rows; it has no record)'}.`;
    case 'interrupted': {
      const { iteration, partial, resumable } = outcome;
      if (iteration === undefined) return 'Interrupted before there was a row to write.';
      const way = resumable
        ? 'The same command with --resume goes on from there.'
        : 'It cannot be resumed: it has no checkpoint (--checkpoint 0).';
      return `Interrupted at iteration ${iteration}. The rows so far are in ${partial}. ${way}`;
    }
  }
}

function refuseContradictions(flags: TrainFlags): void {
  refuseImpossible(flags);
  const ofSaved = (['resume', 'overwrite', 'keepModel'] as const).find((name) => flags[name]);
  if (ofSaved !== undefined && !flags.save) {
    throw new UsageError(`--${ofSaved} is about saved results; give --save too, or leave it out.`);
  }
  if (flags.resume && flags.overwrite) {
    throw new UsageError('--resume and --overwrite contradict each other; give one of them.');
  }
}
