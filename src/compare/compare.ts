import { UsageError } from '../errors.js';
import { findRuns, readRuns, runName, type Run, type Warn } from '../results/find.js';
import { differences, type Difference } from '../results/record.js';
import { listed, shown } from '../text.js';
import { compareRows, type Comparison, type Unpaired } from './deviation.js';
import { publishedRuns } from './published.js';

/** The word for the figures that come with the package, in the place of a folder. */
export const published = 'published';

/** Where a run ended; the losses are the last epoch's. */
export interface Final {
  readonly epoch: number;
  readonly iteration: number;
  readonly lossEpoch: number;
  readonly validLossEpoch: number;
  readonly alpha: number;
  /** Share of the test images that are classified right; NaN where no record tells. */
  readonly validAccuracy: number;
}

export interface RunComparison extends Comparison {
  /** `model/rates/method`. */
  readonly run: string;
  readonly final: { readonly a: Final; readonly b: Final };
  /** What their records do not have in common, where both have one. */
  readonly differences: readonly Difference[];
}

export interface ResultsComparison {
  readonly a: string;
  readonly b: string;
  readonly tolerance: number;
  readonly withinTolerance: boolean;
  readonly runs: readonly RunComparison[];
  /** Runs that both have and that were not compared: a file could not be read, or no iteration is in both. */
  readonly leftOut: readonly string[];
  /** Runs that only one of the two has. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}

export interface CompareOptions {
  /** A results folder, or `published`. */
  readonly a: string;
  readonly b: string;
  readonly tolerance: number;
  readonly warn: Warn;
  /** Is handed each pair of runs, one after the other; they need not be kept. */
  readonly onPair?: (a: Run, b: Run) => void;
}

/**
 * Compares every run that both have.
 *
 * @throws UsageError if a folder cannot be read, they have no run in common, or none of those can be compared.
 */
export function compareResults({ a, b, tolerance, warn, onPair }: CompareOptions): ResultsComparison {
  const [left, right] = [source(a, warn), source(b, warn)];
  const runs: RunComparison[] = [];
  const leftOut: string[] = [];
  for (const [run, readLeft] of left) {
    const readRight = right.get(run);
    if (!readRight) continue;
    const [runA, runB] = [readLeft(), readRight()];
    if (!runA || !runB) {
      leftOut.push(run);
      continue;
    }
    const comparison = compareRows(runA.rows, runB.rows, tolerance);
    if (comparison.rows === 0) {
      warn(`${shown(run)}: left out; the two have no iteration in common`);
      leftOut.push(run);
      continue;
    }
    tellUnpaired(run, comparison, { a, b, warn });
    runs.push({
      run,
      ...comparison,
      final: { a: finalOf(runA), b: finalOf(runB) },
      differences: runA.record && runB.record ? differences(runA.record, runB.record) : [],
    });
    onPair?.(runA, runB);
  }
  if (runs.length === 0) {
    const [inA, inB] = [listed([...left.keys()]), listed([...right.keys()])];
    throw new UsageError(
      leftOut.length > 0
        ? `nothing to compare: ${listed(leftOut)}, which both have, cannot be read or have no iteration in common`
        : `no run in common: ${shown(a)} has ${inA}; ${shown(b)} has ${inB}`,
    );
  }
  return {
    a,
    b,
    tolerance,
    withinTolerance: runs.every(({ first }) => first === undefined),
    runs,
    leftOut,
    onlyA: [...left.keys()].filter((run) => !right.has(run)),
    onlyB: [...right.keys()].filter((run) => !left.has(run)),
  };
}

/** A finished file that was cut at a line's end, or has a gap, looks whole. Of the published rows, only a sample is there. */
function tellUnpaired(
  run: string,
  { rows, only }: Comparison,
  { a, b, warn }: Pick<CompareOptions, 'a' | 'b' | 'warn'>,
): void {
  const tell = (which: 'A' | 'B', alone: Unpaired, other: string) => {
    if (alone.rows === 0 || other === published) return;
    warn(
      `${shown(run)}: ${alone.rows} of ${which}'s ${rows + alone.rows} rows, the first of iteration ${alone.iteration}, ` +
        `are not in ${which === 'A' ? 'B' : 'A'}, and not compared`,
    );
  };
  tell('A', only.a, b);
  tell('B', only.b, a);
}

/** The last row, with the losses of the last epoch that came to its end. */
function finalOf({ rows, record }: Run): Final {
  const last = rows.at(-1);
  const closed = rows.findLast(({ lossEpoch, validLossEpoch }) => !Number.isNaN(lossEpoch + validLossEpoch));
  return {
    epoch: last?.epoch ?? NaN,
    iteration: last?.iteration ?? NaN,
    lossEpoch: closed?.lossEpoch ?? NaN,
    validLossEpoch: closed?.validLossEpoch ?? NaN,
    alpha: last?.alpha ?? NaN,
    validAccuracy: record?.final.validAccuracy ?? NaN,
  };
}

/** Runs by name, each read when it is asked for: whole results folders need not fit into memory. */
function source(name: string, warn: Warn): Map<string, () => Run | undefined> {
  if (name === published) return new Map(publishedRuns().map((run) => [runName(run), () => run]));
  return new Map(
    findRuns(name, warn).map((file) => [
      runName(file),
      () => {
        const [run] = readRuns([file], warn);
        return run;
      },
    ]),
  );
}
