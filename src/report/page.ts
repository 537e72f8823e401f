import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { charts } from './client/charts.js';
import { markup } from './client/markup.js';
import { showReport, type ClientData, type Stamp } from './client/show.js';
import { provenanceTitles, type PageData } from './data.js';
import { styleSheet } from './styles.js';

const require = createRequire(import.meta.url);

export interface PageSource {
  /** The curves of each setting; without them, they are asked for at `curves`. */
  readonly curves?: ClientData['curves'];
  /** What state the data are, where the page is to follow a server's `events`. */
  readonly live?: Stamp;
}

/**
 * One HTML page with all that it needs in it: charts, their script and style, and the figures. A page that a server keeps
 * up to date is the same, but for where its curves come from.
 */
export function reportPage(data: PageData, { curves, live }: PageSource): string {
  const made = markup({ ...data, provenanceTitles });
  const models = [...made.modelsOf(data).values()];
  const dir = made.escape(data.dir);
  const client: ClientData = { ...data, curves: curves ?? null, live: live ?? null };
  const scripts = [readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8'), script()];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(scripts, live !== undefined)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>hypergrad: ${dir}</title>
<style>${readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8')}${styleSheet}</style>
</head>
<body>
<header>
<h1>Learning rates by hypergradient descent</h1>
<p>Results in <code>${dir}</code>. Drag over a chart to zoom in on all three of a model, double-click for the whole
range; the values under a chart are those at the pointer.</p>
${live ? liveHead(data.runs.length === 0, dir) : ''}
<noscript><p>The charts need JavaScript; the tables do not.</p></noscript>
</header>
<main>
<div id="unfinished">${made.unfinishedList(data.runs)}</div>
${models.map((model, index) => made.section(model, `model-${index}`)).join('\n')}
</main>
<footer id="leftOut">${made.leftOutList(data.leftOut)}</footer>
<script type="application/json" id="data">${json(client)}</script>
${scripts.map((text) => `<script>${text}</script>`).join('\n')}
</body>
</html>
`;
}

/** How runs stand, and whether the page still hears of them. */
function liveHead(empty: boolean, dir: string): string {
  return `<p id="line" role="status">Connecting …</p>
<p id="counts"></p>
<p id="reading"></p>
<p id="failures" role="status" class="unseen"></p>
<p id="empty"${empty ? '' : ' hidden'}>There are no runs in <code>${dir}</code> yet; they appear here when they have begun, as by
<code>hypergrad sweep --dir ${dir}</code> or <code>hypergrad train --save --dir ${dir}</code>.</p>`;
}

function script(): string {
  return `
// Where the sources were run by a tool that keeps functions' names, its calls of this are in the text below.
const __name = (value) => value;
const data = JSON.parse(document.getElementById('data').textContent);
(${showReport.toString()})(
data,
(${markup.toString()})({ ...data, provenanceTitles: ${json(provenanceTitles)} }),
(${charts.toString()})(uPlot));
`;
}

/** Nothing but what the page has in it runs or is fetched, whatever its data may say. */
function policy(scripts: readonly string[], live: boolean): string {
  const hashes = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    ...(live ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** JSON that cannot end the script it stands in, and in which nothing is invisible. */
function json(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffe\uffff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
