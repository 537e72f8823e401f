import { stringify } from 'csv-stringify/sync';
import { toJson, wordOf } from '../results/json.js';
import { align, listed, shown } from '../text.js';
import type { SettingSummary, Statistic } from './summary.js';

/** The columns of a table and of CSV that have a mean and a deviation. */
const statistics = ['loss', 'bestLoss', 'validLoss', 'bestValidLoss', 'validAccuracy', 'alpha', 'reached'] as const;

/** Settings as plain text, a line each: mean ± deviation. */
export function summaryTable(settings: readonly SettingSummary[], reach: number | undefined): string {
  const reached = reach === undefined ? [] : [`iterations to ${reach}`];
  const titles = ['run', 'seeds', 'loss', 'best loss', 'valid.', 'best valid.', 'accuracy', ...reached, 'diverged'];
  const lines = settings.map((setting) => [
    shown(`${setting.model}/${setting.rates}/${setting.method}`),
    String(setting.runs),
    figure(setting.loss),
    figure(setting.bestLoss),
    figure(setting.validLoss),
    figure(setting.bestValidLoss),
    figure(setting.validAccuracy, share),
    ...(reach === undefined ? [] : [iterations(setting)]),
    divergedOf(setting),
  ]);
  return align([titles, ...lines], { left: [0, titles.length - 1] }).join('\n');
}

/**
 * As CSV, a line a setting: the mean of a figure, after it its deviation as `<name>Deviation`; empty where there is none.
 * The last column is of how many runs `reached` is the mean.
 */
export function summaryCsv(settings: readonly SettingSummary[]): string {
  const names = ['model', 'method', 'rates', 'alpha_0', 'beta', 'runs', 'diverged'] as const;
  const header = [...names, ...statistics.flatMap((name) => [name, `${name}Deviation`]), 'reachedRuns'];
  const lines = settings.map((setting) => [
    ...names.map((name) => (name === 'diverged' ? setting.diverged.join(' ') : setting[name])),
    ...statistics.flatMap((name) =>
      [setting[name].mean, setting[name].deviation].map((x) => (Number.isNaN(x) ? '' : x)),
    ),
    setting.reached.count,
  ]);
  return stringify([header, ...lines]);
}

/** As JSON; what JSON has no number for stands as `"nan"`, `"inf"` or `"-inf"`. */
export function summaryJson(settings: readonly SettingSummary[]): string {
  return `${toJson(settings, 2)}\n`;
}

const number = (value: number, digits: number) => value.toPrecision(digits);
const share = (value: number) => `${(100 * value).toFixed(2)} %`;
const count = (value: number) => String(Math.round(value));

/** A mean of five digits, a deviation of two. */
function figure({ mean, deviation }: Statistic, word: (value: number, digits: number) => string = number): string {
  if (!Number.isFinite(mean)) return Number.isNaN(mean) ? '–' : wordOf(mean);
  return Number.isNaN(deviation) ? word(mean, 5) : `${word(mean, 5)} ± ${word(deviation, 2)}`;
}

/** With how many of the runs have got there, where not all have. */
function iterations({ reached, runs }: SettingSummary): string {
  const text = figure(reached, count);
  return reached.count > 0 && reached.count < runs ? `${text} (${reached.count} of ${runs})` : text;
}

function divergedOf({ diverged, runs }: SettingSummary): string {
  if (diverged.length === 0) return '';
  return runs === 1 ? 'diverged' : `seed ${listed(diverged, 5)}`;
}
