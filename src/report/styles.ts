import { methods, specOf, type Method } from '../methods/table.js';

/** The methods' colours on a dark page, where the published ones are too dark to read. */
export const darkColours = Object.fromEntries(
  methods.map((method): [Method, string] => [method, specOf(method).style[1]]),
) as Record<Method, string>;

export const styleSheet = `
:root { color-scheme: light dark; --page: #fff; --text: #1d1d1f; --soft: #5c5c63; --grid: #dcdce0; --panel: #f5f5f7; --best: #e3f3e5;
  --good: #1b7f3b; --bad: #b3261e; --busy: #2f5fd0; }
@media (prefers-color-scheme: dark) {
  :root { --page: #141417; --text: #ececef; --soft: #a6a6ae; --grid: #37373d; --panel: #202025; --best: #1d3a24;
  --good: #5fce80; --bad: #ff8a80; --busy: #8fb0ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 1180px; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 40px 0 8px; }
h4 { font-size: 0.9rem; margin: 12px 0 4px; color: var(--soft); font-weight: 600; }
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
.uplot { max-width: 100%; }
.u-legend.u-inline { display: block; max-width: 100%; margin: 0; }
.u-legend.u-inline > tbody { display: grid; grid-template-columns: repeat(auto-fill, minmax(max(140px, 46%), 1fr)); }
.u-legend.u-inline .u-series { display: flex; width: auto; margin-right: 0; cursor: default; pointer-events: none; }
.u-legend.u-inline .u-series > th { display: flex; flex-shrink: 1; min-width: 0; }
.u-legend .u-label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.u-legend .u-marker { flex: none; }
.long .u-legend.u-inline > tbody { grid-template-columns: minmax(0, 1fr); }
.u-legend .u-off { display: none; }
.u-legend .u-value { font-variant-numeric: tabular-nums; min-width: 7.5ch; display: inline-block; }
.scroll.tall { max-height: 560px; overflow-y: auto; }
.tall thead th { position: sticky; top: 0; background: var(--page); }
@media print { .scroll.tall { max-height: none; } }
.u-legend.u-inline .u-series.edge { display: none; }
[data-part]:empty, header p:empty, footer:empty { display: none; }
.scroll { overflow-x: auto; }
:focus-visible { outline: 2px solid var(--busy); outline-offset: 1px; }
table.values { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
table.values th, table.values td { padding: 5px 10px; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap; }
table.values th { color: var(--soft); font-weight: 500; }
table.values th[scope="row"] { color: var(--text); font-weight: 600; }
table.values th:first-child, table.values .text { text-align: left; }
td.best { background: var(--best); font-weight: 700; }
code { font-size: 13px; overflow-wrap: anywhere; }
table.values code { overflow-wrap: normal; }
ul.runs { list-style: none; margin: 0; padding: 0; }
ul.runs li { padding: 8px 0; border-bottom: 1px solid var(--grid); display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; }
ul.runs .name { font-weight: 600; overflow-wrap: anywhere; }
ul.runs .command, ul.runs .error { flex-basis: 100%; }
.command { display: block; background: var(--panel); border-radius: 4px; padding: 2px 6px; user-select: all; }
.error { color: var(--bad); overflow-wrap: anywhere; }
.state { font-weight: 600; }
.state.failed, #line.gone { color: var(--bad); }
.state.running { color: var(--busy); }
#line { font-weight: 600; margin-bottom: 0; }
#line::before { content: '● '; color: var(--soft); }
#line.live::before { color: var(--good); }
#line.gone::before { color: var(--bad); }
progress { width: 110px; height: 10px; accent-color: var(--busy); vertical-align: middle; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.maps { display: flex; flex-wrap: wrap; gap: 16px 24px; padding: 2px; }
table.heat { border-collapse: separate; border-spacing: 1px; font-size: 12px; font-variant-numeric: tabular-nums; }
table.heat caption { font-weight: 600; font-size: 13px; text-align: center; padding-bottom: 2px; }
table.heat th { font-weight: 400; color: var(--soft); padding: 1px 4px; text-align: right; white-space: nowrap; }
table.heat thead th { text-align: center; }
table.heat td { padding: 0; min-width: 46px; height: 26px; background: var(--panel); }
button.cell { position: relative; display: block; width: 100%; height: 26px; min-height: 26px; padding: 0 3px; border: 0;
  border-radius: 0; font-size: 12px; background: var(--grid); color: var(--text); white-space: nowrap; }
button.cell[aria-pressed] { opacity: 1; text-decoration: none; }
button.cell[aria-pressed="true"] { outline: 2px solid var(--text); outline-offset: -1px; z-index: 1; }
button.cell i { position: absolute; left: 0; bottom: 0; height: 4px; background: #fff; border-top: 1px solid #000; }
.scale { display: flex; align-items: center; gap: 8px; font-size: 12px; font-variant-numeric: tabular-nums; margin: 6px 0; }
.ramp { display: inline-block; width: 140px; height: 10px; }
select { max-width: 100%; }
label { max-width: 100%; }
`;
