import { Argument, Command } from 'commander';
import type { TensorFlowEngine } from '../engine/tfjs/tensorflow.js';
import { UsageError } from '../errors.js';
import { shown } from '../text.js';
import { oneOf } from './arguments.js';
import { say } from './output.js';

const engines = ['tfjs-node-gpu', 'tfjs-node'] as const satisfies readonly TensorFlowEngine[];

interface SetupFlags {
  readonly python?: string;
  readonly undo: boolean;
}

/** `hypergrad setup`: links an engine to libraries that pip has installed. It says on standard error what it does. */
export function setupCommand(): Command {
  return new Command('setup')
    .description('make an engine ready: link it to the TensorFlow that pip has installed, and try it')
    .addArgument(new Argument('<engine>', `which: ${engines.join(', ')}`).argParser(oneOf(engines)))
    .option(
      '--python <path>',
      "the Python environment that has TensorFlow, or its interpreter (default: the active one, or else the PATH's python3)",
    )
    .option('--undo', 'take away what an earlier call has set up', false)
    .action((engine: TensorFlowEngine, flags: SetupFlags) => (flags.undo ? undo() : setup(engine, flags)));
}

async function setup(engine: TensorFlowEngine, { python }: SetupFlags): Promise<void> {
  const [{ bindingFolder, build, findParts }, { engineStatus }] = await Promise.all([
    import('../engine/tfjs/binding.js'),
    import('../engine/status.js'),
  ]);
  const parts = await findParts(engine, python);
  const { tensorflow, compiler } = parts;
  say(
    `TensorFlow ${tensorflow.version}${tensorflow.cuda === null ? '' : `, for CUDA ${tensorflow.cuda},`} in ${shown(tensorflow.folder)}`,
  );
  const start = performance.now();
  const built = build(parts);
  try {
    say(`compiled the binding to it with ${shown(compiler)}, in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    const env = { ...process.env, HYPERGRAD_BINDING: built.folder };
    if (engine === 'tfjs-node-gpu')
      say('trying it; for a card newer than TensorFlow the driver first compiles, for minutes');
    const { fault, device } = await engineStatus(engine, { env, longest: 1800 });
    if (fault !== null) throw new UsageError(fault);
    built.keep();
    say(`trained two steps with it on ${device}: right`);
  } finally {
    built.discard();
  }
  say(
    `${engine} is ready. What was made is in ${shown(bindingFolder())}; npx hypergrad setup ${engine} --undo takes it away.`,
  );
}

async function undo(): Promise<void> {
  const { bindingFolder, removeBinding } = await import('../engine/tfjs/binding.js');
  const folder = shown(bindingFolder());
  say(
    removeBinding()
      ? `${folder} is gone; TensorFlow itself was left alone.`
      : `There is no ${folder}: nothing was set up.`,
  );
}
