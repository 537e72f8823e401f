/**
 * Ends training runs at random moments, each followed by `--resume`, until they have finished; and holds the results against
 * those of a run that nobody disturbed. Prints what it counted, and exits with 1 where anything differs.
 *
 *     npm run build && npx tsx scripts/kills.ts [--kills 300] [--signal SIGKILL] [--seed 1] [--cases logreg,short,mlp,vgg]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mt19937 } from '../src/random/mt19937.js';
import { cifar10Files, put } from '../test/data/cifar10_files.js';
import { filesBelow, main, withoutTimes } from '../test/cli/hypergrad.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    signal: { type: 'string', default: 'SIGKILL' },
    seed: { type: 'string', default: '1' },
    cases: { type: 'string', default: 'logreg,mlp,vgg' },
  },
});
const signal = values.signal as NodeJS.Signals;
const random = mt19937(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'hypergrad-kills-'));
put(folder, cifar10Files(8));

/** Runs of a few seconds; a checkpoint after every call of the engine, or as good as. */
const cases: Record<string, readonly (readonly string[])[]> = {
  logreg: [
    ['--model', 'logreg', '--method', 'adam_hd', '--beta', '1e-7', '--epochs', '10'],
    ['--model', 'logreg', '--method', 'sgdn_hd', '--beta', '1e-3', '--epochs', '10', '--hypergradOptimizer', 'adam'],
    ['--model', 'logreg', '--method', 'sgd', '--batchSize', '7000', '--epochs', '60', '--keepModel'],
  ],
  short: [
    ['--model', 'logreg', '--method', 'adam_hd', '--beta', '1e-7', '--reduction', '10', '--epochs', '20'],
    ['--model', 'logreg', '--method', 'sgd_hd', '--beta', '1e-3', '--reduction', '60', '--epochs', '60', '--keepModel'],
    ['--model', 'logreg', '--method', 'adam', '--reduction', '60', '--iterations', '3'],
  ],
  mlp: [
    ['--model', 'mlp', '--method', 'adam_hd', '--beta', '1e-7', '--iterations', '120'],
    ['--model', 'mlp', '--method', 'sgd_hd', '--beta', '1e-3', '--batchSize', '1000', '--epochs', '1'],
  ],
  vgg: [
    ['--model', 'vgg11_bn', '--method', 'sgd_hd', '--batchSize', '16', '--epochs', '4', '--data', folder],
    [
      '--model',
      'vgg11_bn',
      '--method',
      'adam_hd',
      '--batchSize',
      '6',
      '--epochs',
      '2',
      '--data',
      folder,
      '--workers',
      '2',
    ],
  ],
};

interface Count {
  kills: number;
  runs: number;
  resumed: number;
  faults: string[];
  slowest: number;
}

const undisturbed = new Map<string, { csv: string; files: string[]; milliseconds: number }>();

for (const name of values.cases.split(',')) {
  const count: Count = { kills: 0, runs: 0, resumed: 0, faults: [], slowest: 0 };
  const share = Math.ceil(Number(values.kills) / values.cases.split(',').length);
  for (let round = 0; count.kills < share; round++) {
    const args = cases[name]?.[round % cases[name].length];
    if (!args) throw new Error(`no case ${name}; there are ${Object.keys(cases).join(', ')}`);
    await disturbed(args, count);
  }
  const { kills, runs, resumed, faults, slowest } = count;
  console.log(
    `${name}: ${kills} ends by ${signal} in ${runs} runs, ${resumed} resumed from a checkpoint; ${faults.length} faults` +
      (signal === 'SIGKILL' ? '' : `; gone within ${(slowest / 1000).toFixed(2)} s`),
  );
  for (const fault of faults) console.log(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}
rmSync(folder, { recursive: true });

/** One run from its start to its end, through as many ends in between as come. */
async function disturbed(args: readonly string[], count: Count): Promise<void> {
  const key = args.join(' ');
  const whole = undisturbed.get(key) ?? (await reference(args));
  undisturbed.set(key, whole);
  const dir = mkdtempSync(join(folder, 'run-'));
  for (let tries = 0; ; tries++) {
    // Start-up is half a second; ends come from before the first row to after the last.
    const after = tries > 40 ? Infinity : (0.2 + (1.1 * random.next()) / 2 ** 32) * whole.milliseconds;
    const { code, stderr, ended, gone } = await train([...args, '--dir', dir, '--resume'], after);
    if (stderr.includes('Going on from iteration')) count.resumed++;
    if (ended) {
      count.kills++;
      count.slowest = Math.max(count.slowest, gone);
    }
    if (code === 0 && !ended) break;
    if (!ended || /^ +at /m.test(stderr)) {
      count.faults.push(`${key}: exit code ${code}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
      break;
    }
  }
  count.runs++;
  const left = filesBelow(dir);
  if (left.join() !== whole.files.join()) count.faults.push(`${key}: left ${left.join(', ')}`);
  const csv = left.find((path) => path.endsWith('.csv'));
  if (csv === undefined || withoutTimes(join(dir, csv)) !== whole.csv) count.faults.push(`${key}: other rows`);
  rmSync(dir, { recursive: true });
}

async function reference(args: readonly string[]) {
  const dir = mkdtempSync(join(folder, 'whole-'));
  const began = performance.now();
  const { code, stderr } = await train([...args, '--dir', dir], Infinity);
  const milliseconds = performance.now() - began;
  if (code !== 0) throw new Error(stderr);
  const files = filesBelow(dir);
  const csv = withoutTimes(join(dir, files.find((path) => path.endsWith('.csv')) ?? ''));
  rmSync(dir, { recursive: true });
  return { csv, files, milliseconds };
}

function train(args: readonly string[], after: number) {
  return new Promise<{ code: number | null; stderr: string; ended: boolean; gone: number }>((resolve, reject) => {
    const child = spawn(process.execPath, [main, 'train', '--save', '--checkpoint', '0.0001', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    let told = 0;
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const timer =
      after === Infinity
        ? undefined
        : setTimeout(() => {
            told = performance.now();
            child.kill(signal);
          }, after);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      // A signal that came when all was done ended nothing.
      resolve({ code, stderr, ended: told > 0 && code !== 0, gone: performance.now() - told });
    });
  });
}
