import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Vitest's global setup: whatever tests and the programs that they start leave in the temporary folder goes when they end. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hypergrad-tests-'));
  process.env.TMPDIR = process.env.TEMP = process.env.TMP = folder;
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
