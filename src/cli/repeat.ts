import { relative } from 'node:path';
import type { EngineName } from '../engine/engines.js';
import type { RunRecord } from '../results/record.js';
import { sweepTargetOf, usual } from '../run/settings.js';
import type { RunOrder } from '../sweep/plan.js';
import { commandOf } from './sweep_options.js';

/**
 * The command that makes the run of a record go on, or tries it again where it failed: of the sweep, or where its path is
 * not that of a sweep, of `train`. What a record does not name, the folder of the data above all, has its default.
 */
export function repeatCommand(dir: string): (record: RunRecord, path: string) => string {
  return ({ settings, engine }, path) => {
    // A record of an earlier version may lack settings; they were as usual.
    const given = Object.entries({ ...usual, ...settings }).filter(([, value]) => value !== null);
    const tf32 = engine.version.endsWith(', TF32');
    const order = { ...Object.fromEntries(given), engine: engine.name as EngineName, tf32, dir } as RunOrder;
    const command = commandOf(order);
    const isSweeps = relative(sweepTargetOf(order, dir), path.replace(/\.partial$/, '')) === '';
    if (isSweeps) return command;
    return command.replace(/^hypergrad sweep/, 'hypergrad train').replace(/ --retryFailed$/, ' --save --resume');
  };
}
