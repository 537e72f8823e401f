/**
 * Tries what goes wrong in the life of a program, and counts where it falls short: odd command lines, broken files, disks
 * that are full or gone, several writers of one file. Ends by signals are tried by `kills.ts`.
 *
 *     npm run build && npx tsx scripts/faults.ts [lines|inputs|disks|writers …] [--count N] [--seed 1]
 *
 * Ends with exit code 1 where anything fell short. The same part, count and seed try the same again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { disks } from './faults/disks.js';
import { inputs } from './faults/inputs.js';
import { lines } from './faults/lines.js';
import type { Part, Tally } from './faults/part.js';
import { writers } from './faults/writers.js';

const parts: Readonly<Record<string, { readonly part: Part; readonly usual: number }>> = {
  lines: { part: lines, usual: 20_000 },
  inputs: { part: inputs, usual: 5_000 },
  disks: { part: disks, usual: 200 },
  writers: { part: writers, usual: 100 },
};

const { values, positionals } = parseArgs({
  options: { count: { type: 'string' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});

for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
  const found = parts[name];
  if (!found) throw new Error(`no part ${name}; there are ${Object.keys(parts).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), `hypergrad-${name}-`));
  const tried = new Map<string, number>();
  let short = 0;
  const tally: Tally = {
    tried: (kind) => void tried.set(kind, (tried.get(kind) ?? 0) + 1),
    short: (line) => {
      short++;
      console.log(`  ${line}`);
    },
  };
  try {
    const count = Number(values.count ?? found.usual);
    await found.part({ count, seed: Number(values.seed), folder, tally });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const [kind, times] of [...tried].sort()) console.log(`${name}: ${times} × ${kind}`);
  const all = [...tried.values()].reduce((sum, times) => sum + times, 0);
  console.log(`${name}: ${all} tried, ${short} short`);
  if (short > 0) process.exitCode = 1;
}
