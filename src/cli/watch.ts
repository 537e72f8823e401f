import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { shown } from '../text.js';
import { integer, positive } from './arguments.js';
import { interruptible } from './interrupt.js';
import { print, say } from './output.js';

interface WatchFlags {
  readonly port: number;
  readonly reach?: number;
}

/** `hypergrad watch [results]`: the report as a page that follows runs while they go on. Its address goes to standard output. */
export function watchCommand(): Command {
  return new Command('watch')
    .description('show a results folder in the browser, on this machine alone, and keep up with its runs')
    .argument('[results]', 'the results folder; it need not be there yet', 'results')
    .option('--port <number>', 'where on 127.0.0.1; 0: any that is free', integer({ least: 0, most: 65535 }), 0)
    .option('--reach <loss>', "also at which iteration a mini-batch's loss is first this low", positive)
    .action((dir: string, flags: WatchFlags) => interruptible((signal) => watch(dir, flags, signal)));
}

async function watch(dir: string, { port, reach }: WatchFlags, signal: AbortSignal): Promise<void> {
  if (existsSync(dir) && !statSync(dir).isDirectory()) {
    throw new UsageError(`${shown(dir)} is no folder; name the one that has <model>/<alpha_0>_<beta>/<method>.csv.`);
  }
  const [{ serveFolder }, { repeatCommand }] = await Promise.all([import('../watch/server.js'), import('./repeat.js')]);
  const server = await serveFolder({ dir, port, reach, repeat: repeatCommand(dir) });
  try {
    // Nobody can ask a server whose address has reached nobody.
    if (!print(`${server.url}\n`)) return;
    say(`Open it in a browser. It shows ${shown(dir)} until Ctrl-C.`);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await server.close();
  }
}
