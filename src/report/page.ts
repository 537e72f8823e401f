import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { max, min } from 'd3-array';
import { titleOf } from '../plot/figure.js';
import { shown } from '../text.js';
import type { RunRecord } from '../results/record.js';
import { showReport, type ClientModel } from './client.js';
import type { FinalValues, ReportModel, ReportRun } from './data.js';
import { darkColours, styleSheet } from './styles.js';

const require = createRequire(import.meta.url);

/** One HTML page with all that it needs in it: charts, their script and style, and the figures. */
export function reportPage(models: readonly ReportModel[], dir: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>hypergrad: ${escape(dir)}</title>
<style>${readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8')}${styleSheet}</style>
</head>
<body>
<h1>Learning rates by hypergradient descent</h1>
<p>Results in <code>${escape(dir)}</code>. Drag over a chart to zoom in on all three of a model, double-click for the whole
range; the values under a chart are those at the pointer.</p>
<noscript><p>The charts need JavaScript; the tables do not.</p></noscript>
${models.map((model, index) => section(model, sectionId(index))).join('\n')}
<script>${readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8')}</script>
<script>
// Where the sources were run by a tool that keeps functions' names, its calls of this are in the text below.
const __name = (value) => value;
(${showReport.toString()})(uPlot, ${json(models.map(clientModel))});
</script>
</body>
</html>
`;
}

function section({ model, runs }: ReportModel, id: string): string {
  const labels = labelsOf(runs);
  return `<section id="${id}">
<h2>${escape(titleOf(model))}</h2>
<div class="methods" role="group" aria-label="Show or hide">
${runs.map((run, index) => methodButton(run, labels[index] ?? '', index)).join('\n')}
</div>
<div class="controls">
<label>by <select name="by"><option value="epoch">epoch</option><option value="iteration">iteration</option></select></label>
<label><input type="checkbox" name="logX" checked> log iterations</label>
<button type="button" data-reset>Whole range</button>
</div>
<div class="charts">
${chart('alpha', 'Learning rate', false)}
${chart('loss', 'Training loss', true)}
${chart('validLoss', 'Validation loss', true)}
</div>
<h3>Final values</h3>
<div class="scroll">${finalTable(runs, labels)}</div>
<h3>Settings and provenance</h3>
<div class="scroll">${provenanceTable(runs, labels)}</div>
</section>`;
}

function methodButton({ method, colour, dash, width }: ReportRun, label: string, index: number): string {
  return `<button type="button" data-run="${index}" aria-pressed="true" style="--light:${colour};--dark:${darkColours[method]}">
<svg viewBox="0 0 28 6" aria-hidden="true"><path d="M0 3H28" stroke="currentColor" stroke-width="${1.4 * width}" stroke-dasharray="${dash.join(' ')}"/></svg>${escape(label)}</button>`;
}

function chart(quantity: keyof ReportRun['curves']['epoch'], title: string, log: boolean): string {
  return `<figure data-quantity="${quantity}"><figcaption>${title}
<label><input type="checkbox" name="logY"${log ? ' checked' : ''}> log</label></figcaption><div class="chart"></div></figure>`;
}

interface FinalColumn {
  readonly title: string;
  readonly value: (final: FinalValues) => number;
  readonly text: (value: number) => string;
  /** Which is the best, if any is. */
  readonly best?: 'lowest' | 'highest';
}

const loss = { text: (value: number) => value.toPrecision(5), best: 'lowest' } as const;

const finalColumns: readonly FinalColumn[] = [
  { title: 'Epochs', value: ({ epoch }) => epoch, text: String },
  { title: 'Iterations', value: ({ iteration }) => iteration, text: String },
  { title: 'Training loss', value: (final) => final.loss, ...loss },
  { title: 'Validation loss', value: (final) => final.validLoss, ...loss },
  { title: 'Its lowest', value: (final) => final.bestValidLoss, ...loss },
  {
    title: 'Accuracy',
    value: ({ validAccuracy }) => validAccuracy,
    text: (value) => `${(100 * value).toFixed(2)} %`,
    best: 'highest',
  },
  { title: 'Learning rate α', value: ({ alpha }) => alpha, text: (value) => value.toPrecision(5) },
  { title: 'Time', value: ({ seconds }) => seconds, text: (value) => `${value.toFixed(1)} s`, best: 'lowest' },
  {
    title: 'ms an iteration',
    value: ({ secondsAnIteration }) => secondsAnIteration * 1000,
    text: (value) => value.toPrecision(3),
    best: 'lowest',
  },
];

function finalTable(runs: readonly ReportRun[], labels: readonly string[]): string {
  const best = finalColumns.map(({ value, best: which }) =>
    which && runs.length > 1 ? { lowest: min, highest: max }[which](runs, (run) => value(run.final)) : undefined,
  );
  const row = (run: ReportRun, index: number) => [
    `<th scope="row">${escape(labels[index] ?? '')}</th>`,
    ...finalColumns.map(({ value, text }, column) => {
      const figure = value(run.final);
      const shown = Number.isFinite(figure) ? text(figure) : '–';
      return figure === best[column]
        ? `<td class="best" title="the best of the column">${shown}</td>`
        : `<td>${shown}</td>`;
    }),
  ];
  return table(['Method', ...finalColumns.map(({ title }) => title)], runs.map(row));
}

function provenanceTable(runs: readonly ReportRun[], labels: readonly string[]): string {
  const cell = (text: string | number) => `<td>${escape(String(text))}</td>`;
  const recorded = runs.some(({ provenance }) => provenance.record);
  const row = ({ provenance, finished }: ReportRun, index: number) => [
    `<th scope="row">${escape(labels[index] ?? '')}</th>`,
    cell(provenance.alpha0),
    cell(provenance.beta),
    cell(provenance.rows),
    cell(Number.isNaN(provenance.iterationsAnEpoch) ? '–' : provenance.iterationsAnEpoch),
    cell(provenance.record?.state ?? (finished ? 'finished' : 'unfinished')),
    cell(provenance.modified.toISOString().slice(0, 19).replace('T', ' ')),
    ...(recorded ? recordCells(provenance.record).map((text) => `<td class="text">${escape(text)}</td>`) : []),
    `<td class="text"><code>${escape(provenance.path)}</code></td>`,
    `<td class="text"><code>${provenance.sha256}</code></td>`,
  ];
  const titles = [
    ...['α₀', 'β', 'Rows', 'Iterations an epoch', 'State', 'Written (UTC)'],
    ...(recorded ? recordTitles : []),
    ...['File', 'SHA-256'],
  ];
  return table(['Method', ...titles], runs.map(row));
}

const recordTitles = ['Seed', 'Batch', 'Engine', 'Data', 'hypergrad', 'Machine', 'Id'];

/** What only a record tells. */
function recordCells(record: RunRecord | undefined): string[] {
  if (!record) return recordTitles.map(() => '–');
  const { settings, engine, data, code, machine, id } = record;
  return [
    String(settings.seed),
    String(settings.batchSize),
    `${engine.name}, ${engine.version}`,
    `${data.name}, ${data.train} + ${data.test}`,
    code,
    `${machine.processor}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}`,
    id,
  ];
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = titles.map((title) => `<th scope="col">${title}</th>`).join('');
  return `<table class="values"><thead><tr>${head}</tr></thead>
<tbody>${rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('\n')}</tbody></table>`;
}

/** Methods' names; with the rates where a method occurs more than once. */
function labelsOf(runs: readonly ReportRun[]): string[] {
  return runs.map(({ label, method, rates }) =>
    runs.filter((run) => run.method === method).length > 1 ? `${label} ${shown(rates, 200)}` : label,
  );
}

function clientModel({ runs }: ReportModel, index: number): ClientModel {
  const labels = labelsOf(runs);
  return {
    element: sectionId(index),
    runs: runs.map(({ method, colour, dash, width, curves }, nth) => ({
      label: labels[nth] ?? '',
      colour,
      darkColour: darkColours[method],
      dash,
      width,
      curves,
    })),
  };
}

function sectionId(index: number): string {
  return `model-${index}`;
}

/** Text as HTML, also within an attribute's quotes. */
function escape(text: string): string {
  return shown(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** JSON that cannot end the script it stands in. */
function json(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
