import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Spec } from 'vega';
import { UsageError } from '../errors.js';
import { exportFigure, type Format } from './export.js';

/** Writes a figure as `<path>.<format>` for each format. Returns the paths. */
export async function writeFigure(spec: Spec, path: string, formats: readonly Format[]): Promise<string[]> {
  const drawn = await exportFigure(spec, formats);
  return Array.from(drawn, ([format, bytes]) => {
    writeOutput(`${path}.${format}`, bytes);
    return `${path}.${format}`;
  });
}

/**
 * Writes a file, and makes its folder.
 *
 * @throws UsageError if it cannot be written.
 */
export function writeOutput(path: string, contents: Buffer | string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`);
  }
}
