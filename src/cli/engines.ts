import { Command } from 'commander';
import type { EngineStatus } from '../engine/status.js';
import { deviceBounds } from './bounds.js';
import { integer } from './arguments.js';
import { print } from './output.js';

interface EnginesFlags {
  readonly json: boolean;
  readonly device: number;
}

/** `hypergrad engines`: what this machine can compute with. The list goes to standard output. */
export function enginesCommand(): Command {
  return new Command('engines')
    .description('tell what this machine can compute with: each engine is tried, and what it lacks is said')
    .option('--device <index>', 'which GPU', integer(deviceBounds), 0)
    .option('--json', 'for programs', false)
    .action(async ({ json, device }: EnginesFlags) => {
      const [{ engineNames }, { engineStatus }] = await Promise.all([
        import('../engine/engines.js'),
        import('../engine/status.js'),
      ]);
      const all = await Promise.all(engineNames.map((name) => engineStatus(name, { device })));
      print(json ? `${JSON.stringify(all, undefined, 2)}\n` : table(all));
    });
}

function table(all: readonly EngineStatus[]): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  return all
    .map(({ name, ready, version, device, memory, fault }) => {
      const room = memory === null ? '' : `, ${(memory / 2 ** 30).toFixed(1)} GiB`;
      return `${name.padEnd(width)}  ${ready ? `ready      ${version}, on ${device}${room}` : `not ready  ${fault}`}\n`;
    })
    .join('');
}
