/**
 * Kills sweeps, and single processes of theirs, at random moments, half of the time with two sweeps on the folder, until all
 * runs have finished; and holds every file against that of a sweep that nobody disturbed. Prints what it counted, and exits
 * with 1 where anything is lost, is there twice, was trained again once it had finished, or differs.
 *
 *     npm run build && npx tsx scripts/sweep_kills.ts [--kills 60] [--seed 1]
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { mt19937 } from '../src/random/mt19937.js';
import { readRun } from '../src/results/read.js';
import type { RunRecord } from '../src/results/record.js';
import type { Row } from '../src/results/row.js';
import { filesBelow, main } from '../test/cli/hypergrad.js';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const random = mt19937(Number(values.seed));
const draw = () => random.next() / 2 ** 32;

/** Fifteen runs in six groups. Each epoch is a checkpoint, before its validation and after it; rates at which rounding stays rounding. */
const grid = [
  ...['--method', 'sgd,sgd_hd,adam_hd', '--alpha_0', '1e-2,1e-3,1e-4', '--beta', '1e-5,1e-6', '--jobs', '2'],
  ...['--reduction', '60', '--epochs', '60', '--checkpoint', '0.0001'],
];

const folder = mkdtempSync(join(tmpdir(), 'hypergrad-sweep-kills-'));
const faults: string[] = [];
const fault = (text: string) => {
  faults.push(text);
  console.log(text);
};
let [kills, sweeps, resumed, together] = [0, 0, 0, 0];

const whole = join(folder, 'whole');
await sweep(whole).ended;
for (let round = 0; kills < Number(values.kills); round++) {
  const dir = join(folder, `killed-${round}`);
  await disturbed(dir);
  compare(dir);
  rmSync(dir, { recursive: true });
}
console.log(
  `${kills} kills in ${sweeps} sweeps of ${filesBelow(whole).length / 2} runs; ${resumed} runs resumed, ` +
    `${together} trained in groups; ${faults.length} faults`,
);
rmSync(folder, { recursive: true });
if (faults.length > 0) process.exitCode = 1;

function sweep(dir: string) {
  sweeps++;
  const child = spawn(process.execPath, [main, 'sweep', ...grid, '--dir', dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const ended = new Promise<{ code: number | null; said: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, said }));
  });
  return { pid: child.pid!, ended };
}

/** Sweeps on one folder, of which one or a process of one is killed, again and again until all is done. */
async function disturbed(dir: string): Promise<void> {
  const finished = new Map<string, string>();
  const watching = setInterval(() => look(dir, finished), 50);
  try {
    await killed(dir);
    look(dir, finished);
  } finally {
    clearInterval(watching);
  }
}

/** What has finished once stays as it is: nobody trains it to its end a second time. */
function look(dir: string, finished: Map<string, string>): void {
  if (!existsSync(dir)) return;
  for (const name of filesBelow(dir).filter((each) => each.endsWith('.json'))) {
    const text = readFileSync(join(dir, name), 'utf8');
    const before = finished.get(name);
    if (before === undefined && (JSON.parse(text) as RunRecord).state === 'finished') finished.set(name, text);
    if (before !== undefined && before !== text) {
      fault(`${name} has finished twice`);
      finished.set(name, text);
    }
  }
}

async function killed(dir: string): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    const running = draw() < 0.5 ? [sweep(dir)] : [sweep(dir), sweep(dir)];
    const all = Promise.all(running.map(({ ended }) => ended));
    const early = await Promise.race([all, setTimeout(500 + 2500 * draw())]);
    if (!early && kills < Number(values.kills)) {
      const { pid } = running[Math.floor(draw() * running.length)]!;
      const workers = childrenOf(pid);
      const victim = draw() < 0.5 && workers.length > 0 ? workers[Math.floor(draw() * workers.length)]! : pid;
      try {
        process.kill(victim, 'SIGKILL');
        kills++;
      } catch {
        // It has just ended by itself.
      }
    }
    const ends = await all;
    for (const { said } of ends) if (/^ +at /m.test(said)) fault(said);
    // The workers of a sweep that was killed write their checkpoints and end without it.
    if (ends.every(({ code }) => code === 0)) return;
    for (const { code, said } of ends) if (code !== 0 && code !== null) fault(`exit ${code}: ${said}`);
  }
  fault('it did not end');
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function compare(dir: string): void {
  const [expected, found] = [filesBelow(whole), filesBelow(dir)];
  if (found.join() !== expected.join()) fault(`left ${found.filter((name) => !expected.includes(name)).join()}`);
  for (const name of expected.filter((each) => found.includes(each))) {
    if (name.endsWith('.json')) {
      const record = JSON.parse(readFileSync(join(dir, name), 'utf8')) as RunRecord;
      if (record.state !== 'finished') fault(`${name} is ${record.state}`);
      resumed += record.resumed;
      if (record.together) together++;
    } else {
      const difference = differenceOf(readRun(join(dir, name)), readRun(join(whole, name)));
      if (difference !== undefined) fault(`${name}: ${difference}`);
    }
  }
}

/** Beyond float32's rounding: a run may have gone on alone, or in another group. */
function differenceOf(rows: readonly Row[], expected: readonly Row[]): string | undefined {
  if (rows.length !== expected.length) return `${rows.length} rows instead of ${expected.length}`;
  const isNear = (x: number, y: number) => Object.is(x, y) || Math.abs(x - y) <= 1e-4 * Math.abs(y);
  for (const [i, row] of rows.entries()) {
    for (const column of ['iteration', 'loss', 'alpha'] as const) {
      const [value, other] = [row[column], expected[i]![column]];
      if (!isNear(value, other)) return `row ${i} has ${column} ${value} instead of ${other}`;
    }
  }
  return undefined;
}
