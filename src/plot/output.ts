import type { Spec } from 'vega';
import { writeWhole } from '../files.js';
import { exportFigure, type Format } from './export.js';

/** Writes a figure as `<path>.<format>` for each format. Returns the paths. */
export async function writeFigure(spec: Spec, path: string, formats: readonly Format[]): Promise<string[]> {
  const drawn = await exportFigure(spec, formats);
  return Array.from(drawn, ([format, bytes]) => {
    writeWhole(`${path}.${format}`, bytes);
    return `${path}.${format}`;
  });
}
