import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { filesBelow, hypergrad, withoutTimes } from './hypergrad.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

it('what a run learns besides α has a file of its own, the same bytes where the run was interrupted', async () => {
  const hdm = ['train', '--model', 'logreg', '--reduction', '10', '--method', 'hdm', '--epochs', '100', '--save'];
  const whole = await hypergrad([...hdm, '--dir', 'whole'], { cwd: folder });
  expect(whole.code).toBe(0);
  const cut = [...hdm, '--dir', 'cut', '--checkpoint', '0.0001'];
  let signals = 0;
  const first = await hypergrad(cut, {
    cwd: folder,
    whileRunning: (stderr, kill) => {
      if (/epoch +[1-9]/.test(stderr) && signals++ === 0) kill('SIGINT');
    },
  });
  expect(first.code).toBe(130);
  expect(filesBelow(join(folder, 'cut')).join()).toContain('hdm.learned.csv.partial');
  expect((await hypergrad([...cut, '--resume'], { cwd: folder })).code).toBe(0);

  const path = (dir: string, name: string) => join(folder, dir, 'logreg', '+0e+00_+1e-01', name);
  const lines = readFileSync(path('whole', 'hdm.learned.csv'), 'utf8').split('\r\n');
  expect(lines[0]).toBe('Iteration,mu');
  expect(lines.slice(1, -1).map((line) => Number(line.split(',')[0]))).toEqual(
    Array.from({ length: 100 * 47 }, (_, i) => i + 2),
  );
  expect(lines[1]).toBe('2,0.949999988079071'); // the first step has nothing to learn from
  expect(readFileSync(path('cut', 'hdm.learned.csv'))).toEqual(readFileSync(path('whole', 'hdm.learned.csv')));
  expect(withoutTimes(path('cut', 'hdm.csv'))).toBe(withoutTimes(path('whole', 'hdm.csv')));
  expect(filesBelow(join(folder, 'cut'))).toEqual(filesBelow(join(folder, 'whole')));
});
