import { join } from 'node:path';
import { group } from 'd3-array';
import type { Format } from '../plot/export.js';
import { modelFigure } from '../plot/figure.js';
import { writeFigure } from '../plot/output.js';
import { facetsOf, seriesOf, type Series } from '../plot/series.js';
import type { Run, Warn } from '../results/find.js';
import { shown } from '../text.js';

export interface Overlay {
  /** Takes a pair of runs; keeps their curves, not their rows. */
  readonly add: (a: Run, b: Run) => void;
  /** Writes `<plotDir>/compare_<model>.<format>`: A as plotted, over B as broad pale bands. Returns the paths. */
  readonly write: (plotDir: string, formats: readonly Format[]) => Promise<string[]>;
}

export function overlay(nameA: string, nameB: string, warn: Warn): Overlay {
  const pairs: { model: string; a: Series; b: Series }[] = [];
  return {
    add: (a, b) => void pairs.push({ model: a.model, a: seriesOf(a), b: seriesOf(b) }),
    write: async (plotDir, formats) => {
      const written: string[][] = [];
      for (const [model, ofModel] of group(pairs, (pair) => pair.model)) {
        const facets = facetsOf(ofModel.map(({ a }) => a)).map((facet) => ({
          ...facet,
          under: ofModel.filter(({ a }) => facet.runs.includes(a)).map(({ b }) => b),
        }));
        const figure = modelFigure(model, facets, `lines: ${shown(nameA, 100)}; bands: ${shown(nameB, 100)}`);
        written.push(await writeFigure(figure, join(plotDir, `compare_${model}`), formats, warn));
      }
      return written.flat();
    },
  };
}
