import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alone } from '../../src/data/lock.js';
import { RunFailure, UsageError } from '../../src/errors.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const work = () => Promise.resolve('done');
const left = (pid: number, host = hostname()) => {
  writeFileSync(path, JSON.stringify({ pid, host }));
};

test('does the work and tidies up after, whether that succeeds or fails', async () => {
  expect(await alone(path, 'works', work)).toBe('done');
  await expect(alone(path, 'works', () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
  expect(readdirSync(folder)).toEqual([]);
});

test('of many at once one works, and the others say who does', async () => {
  let working = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, () =>
      alone(path, 'works', async () => {
        working++;
        await setTimeout(20);
      }),
    ),
  );
  expect([working, results.filter(({ status }) => status === 'fulfilled').length]).toEqual([1, 1]);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toBeInstanceOf(RunFailure);
    expect((result.reason as Error).message).toContain(`Process ${process.pid} on ${hostname()} works.`);
  }
});

test('takes over from a process that is dead, not from one of another machine', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  left(pid);
  expect(await alone(path, 'works', work)).toBe('done');
  expect(readdirSync(folder)).toEqual([]);
  left(process.pid); // of a container before this one
  expect(await alone(path, 'works', work)).toBe('done');
  left(pid, 'elsewhere');
  await expect(alone(path, 'works', work)).rejects.toThrow(`if it is gone, remove ${path}`);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ pid, host: 'elsewhere' });
});

test('says what is wrong with the folder, and takes nothing for dead that it cannot read', async () => {
  await expect(alone(join(folder, 'absent', 'lock'), 'works', work)).rejects.toThrow(UsageError);
  writeFileSync(path, 'half');
  await expect(alone(path, 'works', work)).rejects.toThrow('Another process works. Wait');
});
