import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFailure, UsageError } from '../src/errors.js';
import { hold, isHeld } from '../src/lock.js';
import { repository } from './installed.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
});
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

const target = () => join(folder, 'logreg', '+1e-03_+1e-06', 'adam.csv');
const path = () => `${target()}.lock`;
const options = { work: 'writing adam.csv', wayOut: 'Wait.' };
const holdTarget = (path: string) => hold(`${path}.lock`, options);

/** A process that takes the target, says so, and holds it until it is told to end. */
function otherProcess(): Promise<{ said: string; kill: (signal: NodeJS.Signals) => Promise<void> }> {
  const module = pathToFileURL(join(repository, 'dist/lock.js')).href;
  const program = `
    const { hold } = await import(${JSON.stringify(module)});
    try {
      const lock = hold(${JSON.stringify(path())}, ${JSON.stringify(options)});
      process.stdin.on('end', () => { lock.release(); }).resume();
      console.log('held');
    } catch (error) {
      console.log(error.message);
      process.stdin.destroy();
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return closed;
  };
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.stdout.on('data', (text: Buffer) => resolve({ said: text.toString().trim(), kill }));
  });
}

describe('a target', () => {
  it('is held until it is released, and leaves nothing behind', () => {
    const lock = holdTarget(target());
    expect(existsSync(path())).toBe(true);
    expect(() => holdTarget(target())).toThrow(UsageError);
    expect(() => holdTarget(target())).toThrow(`Another process (${process.pid}) has been writing adam.csv since 20`);
    lock.check();
    lock.release();
    expect(existsSync(join(folder, 'logreg')), 'folders that were made for it').toBe(false);
    holdTarget(target()).release();
  });

  it('keeps its folder where something is in it', () => {
    const lock = holdTarget(target());
    writeFileSync(target(), 'rows');
    lock.release();
    expect(readFileSync(target(), 'utf8')).toBe('rows');
  });

  it('is refused while another process has it, and taken over at once when that one was killed', async () => {
    const { said, kill } = await otherProcess();
    expect(said).toBe('held');
    expect(() => holdTarget(target())).toThrow(UsageError);
    await kill('SIGKILL');
    expect(existsSync(path())).toBe(true);
    holdTarget(target()).release();
  });

  it('is held or refused where others make its folder and take it away again', async () => {
    const program = `
      const { hold } = await import(${JSON.stringify(pathToFileURL(join(repository, 'dist/lock.js')).href)});
      for (const end = Date.now() + 1000; Date.now() < end;) {
        try {
          hold(${JSON.stringify(folder)} + '/' + Math.floor(Date.now() / 10) + '/a.lock', ${JSON.stringify(options)}).release();
        } catch (error) {
          if (error.name !== 'Held') console.error(error.message);
        }
      }`;
    const said = await Promise.all(
      [0, 1].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'pipe' });
        return (await child.stderr.toArray()).join('');
      }),
    );
    expect(said).toEqual(['', '']);
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).includes('lock'))).toEqual([]);
  });

  it('is held by one alone of ten that find a dead holder at once', async () => {
    const dead = await otherProcess();
    await dead.kill('SIGKILL');
    const processes = await Promise.all(Array.from({ length: 10 }, otherProcess));
    const said = processes.map((each) => each.said);
    expect(said.filter((text) => text === 'held')).toHaveLength(1);
    expect(said.filter((text) => text.startsWith('Another process ('))).toHaveLength(9);
    await Promise.all(processes.map(({ kill }) => kill('SIGKILL')));
  });
});

describe('a holder on another machine', () => {
  const elsewhere = { id: 'abc', pid: 1, born: '1', host: 'elsewhere', space: 'x', since: '2026-01-01T00:00:00.000Z' };

  beforeEach(() => {
    holdTarget(join(folder, 'other.csv')).release();
    const lock = holdTarget(target());
    writeFileSync(target(), '');
    lock.release();
    writeFileSync(path(), JSON.stringify(elsewhere));
  });

  it('is believed while it is heard of', () => {
    expect(() => holdTarget(target())).toThrow('(1 on elsewhere)');
  });

  it('is taken for dead when it has been silent for minutes', () => {
    const longAgo = new Date(Date.now() - 200_000);
    utimesSync(path(), longAgo, longAgo);
    const lock = holdTarget(target());
    lock.check();
    lock.release();
  });

  it('that takes over is noticed', () => {
    rmSync(path());
    const lock = holdTarget(target());
    writeFileSync(path(), JSON.stringify(elsewhere));
    expect(() => lock.check()).toThrow(RunFailure);
    lock.release();
    expect(JSON.parse(readFileSync(path(), 'utf8')), 'its lock stays').toEqual(elsewhere);
  });
});

it.skipIf(process.platform !== 'linux')('a process number that was given out anew holds nothing', () => {
  const lock = holdTarget(target());
  const holder = JSON.parse(readFileSync(path(), 'utf8')) as Record<string, unknown>;
  lock.release();
  writeFileSync(join(folder, 'a.csv.lock'), JSON.stringify({ ...holder, id: 'abc', born: '1' }));
  holdTarget(join(folder, 'a.csv')).release();
  expect(holder).toMatchObject({ pid: process.pid, host: hostname() });
});

describe('who only looks', () => {
  it('sees whether it is held, and by a process that lives', async () => {
    expect(isHeld(path())).toBe(false);
    const lock = holdTarget(target());
    expect(isHeld(path())).toBe(true);
    lock.release();
    expect(isHeld(path())).toBe(false);

    const other = await otherProcess();
    expect(isHeld(path())).toBe(true);
    await other.kill('SIGKILL');
    expect(existsSync(path())).toBe(true);
    expect(isHeld(path())).toBe(false);
  });

  it('takes one on another machine for dead when it has been silent for minutes, and writes nothing', () => {
    const lock = holdTarget(target());
    const there = JSON.parse(readFileSync(path(), 'utf8')) as object;
    writeFileSync(path(), JSON.stringify({ ...there, host: 'elsewhere' }));
    const before = readdirSync(dirname(path()));
    expect(isHeld(path())).toBe(true);
    const minutesAgo = Date.now() / 1000 - 200;
    utimesSync(path(), minutesAgo, minutesAgo);
    expect(isHeld(path())).toBe(false);
    expect(readdirSync(dirname(path()))).toEqual(before);
    lock.release();
  });
});
