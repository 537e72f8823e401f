import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { filesBelow, hypergrad, main, withoutTimes, type Finished } from '../../test/cli/hypergrad.js';
import { tinyMnist } from '../../test/data/tiny_mnist.js';
import { put } from '../../test/data/cifar10_files.js';
import { chance } from './chance.js';
import type { PartOptions } from './part.js';
import { misconduct } from './said.js';

/** Longer than it takes to start the others. */
const iterations = 4000;
/** Milliseconds within which all are started. */
const span = 1500;

/**
 * Two or ten processes on one target, started within a moment, in some rounds the holder killed: in the end there is one
 * file, that of a run which was alone; whoever did not write it was told so in a line.
 */
export async function writers({ count, seed, folder, tally }: PartOptions): Promise<void> {
  const random = chance(seed);
  put(join(folder, 'data'), tinyMnist(400, 50));
  const args = ['train', '--method', 'adam_hd', '--beta', '1e-7', '--batchSize', '8', '--epochs', '0', '--save'];
  args.push('--iterations', String(iterations), '--checkpoint', '0.001', '--data', join(folder, 'data'));
  const alone = mkdtempSync(join(folder, 'alone-'));
  const { code, stderr } = await hypergrad([...args, '--dir', alone]);
  if (code !== 0) throw new Error(stderr);
  const [csv = '', ...others] = filesBelow(alone);
  const rows = withoutTimes(join(alone, csv));

  for (let round = 0; round < count; round++) {
    const processes = random.below(5) === 0 ? 10 : 2;
    const killing = random.seldom(3);
    // A holder that was killed leaves a checkpoint, with which somebody must go on.
    const options = killing ? ['--resume'] : [];
    const dir = mkdtempSync(join(folder, 'round-'));
    const starts = Array.from({ length: processes }, () => random.below(span));
    const ends = await Promise.all(
      starts.map(async (start, index) => {
        await after(start);
        const { ended, child } = begun([...args, ...options, '--dir', dir]);
        if (killing && index === 0) setTimeout(() => child.kill('SIGKILL'), random.below(1000));
        return ended;
      }),
    );
    tally.tried(`${processes} processes on one target${killing ? ', one of them killed' : ''}`);
    const survivors = killing ? ends.slice(1) : ends;
    let fault = survivors.map(told).find((each) => each !== undefined);
    // Where the killed one was at it and all others had been refused, nobody is left: the next command goes on.
    if (killing) fault ??= told(await begun([...args, ...options, '--dir', dir]).ended);
    const written = survivors.filter((each) => each.code === 0).length;
    if (!killing && written !== 1 && !onlyLater(survivors)) fault ??= `${written} say that they wrote it`;
    const left = filesBelow(dir);
    if (left.join() !== [csv, ...others].join()) fault ??= `there is ${left.join(', ')}`;
    else if (withoutTimes(join(dir, csv)) !== rows) fault ??= 'the rows are others';
    if (fault !== undefined) tally.short(`${round} (${processes} started after ${starts.join(', ')} ms): ${fault}`);
    rmSync(dir, { recursive: true });
  }
}

/** Whoever comes when another has finished replaces what is the same. */
function onlyLater(ends: readonly Finished[]): boolean {
  return ends.every(({ code, stderr }) => code === 0 || refused.test(stderr));
}

const refused = /^error: (Another process \(\d+\) has been writing|An interrupted run is in) [^\n]*\n$/m;

function told(ended: Finished): string | undefined {
  const { code, stderr } = ended;
  const fault = misconduct({ ...ended, code: code ?? undefined });
  if (fault !== undefined) return `${fault}: ${stderr}`;
  return code === 0 || (code === 2 && refused.test(stderr)) ? undefined : `exit code ${code}: ${stderr}`;
}

function begun(args: readonly string[]): { child: ChildProcess; ended: Promise<Finished> } {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<Finished>((resolve, reject) => {
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout: '', stderr });
    });
  });
  return { child, ended };
}
