import { dirname } from 'node:path';
import { attempt, makeFolder, writeWhole } from '../files.js';
import type { Warn } from '../results/find.js';
import { shown } from '../text.js';
import { exportFigure, type Figure, type Format } from './export.js';

/** Writes a figure as `<path>.<format>` for each format. Returns the paths. */
export async function writeFigure(
  figure: Figure,
  path: string,
  formats: readonly Format[],
  warn: Warn,
): Promise<string[]> {
  // Before anything is drawn, which takes seconds.
  attempt(path, () => {
    makeFolder(dirname(path));
  });
  for await (const { format, bytes } of exportFigure(figure, formats, (text) => {
    warn(`${shown(path)}.png: ${text}`);
  })) {
    writeWhole(`${path}.${format}`, bytes);
  }
  return formats.map((format) => `${path}.${format}`);
}
