import { toJson, wordOf } from '../results/json.js';
import { align, shown } from '../text.js';
import type { ResultsComparison } from './compare.js';
import type { Deviation } from './deviation.js';

/** A comparison as plain text: deviations, then final values side by side. */
export function comparisonTable({ a, b, tolerance, withinTolerance, runs }: ResultsComparison): string {
  const limit = tolerance < 1e-3 && tolerance > 0 ? tolerance.toExponential() : String(tolerance);
  const deviations = runs.map(({ run, rows, largest, first }) => [
    shown(run),
    String(rows),
    deviation(largest.loss),
    deviation(largest.validLoss),
    deviation(largest.alpha),
    first ? `iteration ${first.iteration} (${first.quantity} ${deviation(first)})` : 'none',
  ]);
  const finals = runs.map(({ run, final }) => [
    shown(run),
    sides(final.a.epoch, final.b.epoch),
    ...(['lossEpoch', 'validLossEpoch', 'alpha'] as const).flatMap((column) => [
      figure(final.a[column]),
      figure(final.b[column]),
    ]),
    share(final.a.validAccuracy),
    share(final.b.validAccuracy),
  ]);
  const different = runs.flatMap(({ run, differences }) =>
    differences.map(({ name, a, b }) => `${shown(run)}: ${name} ${a ?? 'off'} | ${b ?? 'off'}`),
  );
  return [
    `A: ${shown(a)}`,
    `B: ${shown(b)}`,
    '',
    `Largest relative deviation (α: relative to the run's largest)`,
    ...align([['run', 'rows', 'loss', 'valid.', 'α', `first past ${limit}`], ...deviations], { left: [0, 5] }),
    '',
    'Final values',
    ...align([finalTitles, ...finals], { left: [0] }),
    ...(different.length > 0 ? ['', 'What their records do not have in common (A | B)', ...different] : []),
    '',
    withinTolerance ? `All within ${limit}.` : `Not all within ${limit}.`,
  ].join('\n');
}

const finalTitles = [
  ...['run', 'epoch', 'loss A', 'loss B', 'valid. A', 'valid. B'],
  ...['α A', 'α B', 'accuracy A', 'accuracy B'],
];

/** As JSON; what JSON has no number for stands as `"nan"`, `"inf"` or `"-inf"`. */
export function comparisonJson(comparison: ResultsComparison): string {
  return toJson(comparison, 2);
}

function deviation(largest: Deviation | undefined): string {
  if (!largest) return '–';
  if (largest.deviation === 0) return '0';
  return Number.isFinite(largest.deviation) ? largest.deviation.toExponential(1) : 'inf';
}

function figure(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(5) : wordOf(value);
}

function share(accuracy: number): string {
  return Number.isNaN(accuracy) ? '–' : `${(100 * accuracy).toFixed(2)} %`;
}

function sides(a: number, b: number): string {
  return a === b ? String(a) : `${a} | ${b}`;
}
