import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repository } from './installed.js';

/** The whole takes an hour; docs/faults.md has its counts. */
it.each([
  ['lines', 100],
  ['inputs', 40],
  ['writers', 1],
  ['disks', 4],
])(
  'falls short of nothing: %s, %i',
  async (part, count) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'scripts/faults.ts', part, '--count', String(count), '--seed', '7'],
      { cwd: repository },
    );
    expect(stdout).toMatch(/ tried, 0 short\n$|^disks: skipped/);
  },
  180_000,
);
