import type { Method } from '../optimizers/methods.js';

/** The methods' colours on a dark page, where the published ones are too dark to read. */
export const darkColours: Record<Method, string> = {
  adam: '#b79bd0',
  adam_hd: '#b46df0',
  sgd: '#d5a767',
  sgd_hd: '#fc9367',
  sgdn: '#d58aa6',
  sgdn_hd: '#f0609c',
};

export const styleSheet = `
:root { color-scheme: light dark; --page: #fff; --text: #1d1d1f; --soft: #5c5c63; --grid: #dcdce0; --panel: #f5f5f7; --best: #e3f3e5; }
@media (prefers-color-scheme: dark) {
  :root { --page: #141417; --text: #ececef; --soft: #a6a6ae; --grid: #37373d; --panel: #202025; --best: #1d3a24; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 1180px; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 40px 0 8px; }
h3 { font-size: 1rem; margin: 24px 0 6px; }
p { margin: 4px 0 12px; color: var(--soft); }
.controls, .methods { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0; }
button, select { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--grid);
  border-radius: 6px; padding: 5px 10px; min-height: 36px; }
button { cursor: pointer; display: inline-flex; align-items: center; gap: 7px; }
button[aria-pressed="false"] { opacity: 0.45; text-decoration: line-through; }
button svg { width: 28px; height: 6px; color: var(--light); }
@media (prefers-color-scheme: dark) { button svg { color: var(--dark); } }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 350px), 1fr)); gap: 20px; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; justify-content: space-between; font-weight: 600; }
figcaption label { font-weight: 400; }
.u-legend { font-size: 12px; text-align: left; color: var(--text); }
.u-legend .u-series > * { padding: 1px 4px; }
.u-legend.u-inline .u-series { width: 46%; margin-right: 0; cursor: default; pointer-events: none; }
.u-legend .u-off { display: none; }
.u-legend .u-value { font-variant-numeric: tabular-nums; min-width: 7.5ch; display: inline-block; }
.scroll { overflow-x: auto; }
table.values { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
table.values th, table.values td { padding: 5px 10px; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap; }
table.values th { color: var(--soft); font-weight: 500; }
table.values th[scope="row"] { color: var(--text); font-weight: 600; }
table.values th:first-child, table.values .text { text-align: left; }
td.best { background: var(--best); font-weight: 700; }
code { font-size: 13px; }
`;
