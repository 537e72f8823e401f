import type uPlot from 'uplot';
import type { Curve, Curves } from './data.js';

/** What the page's script is given of each model; `element` is the id of its section. */
export interface ClientModel {
  readonly element: string;
  readonly runs: readonly ClientRun[];
}

export interface ClientRun {
  readonly label: string;
  readonly colour: string;
  readonly darkColour: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly curves: Readonly<Record<'epoch' | 'iteration', Curves>>;
}

/**
 * The script of the page: it draws the charts and answers the controls. The page holds its source text, so it may use
 * nothing but its arguments and the browser.
 */
export function showReport(Plot: typeof uPlot, models: readonly ClientModel[]): void {
  const darkScheme = matchMedia('(prefers-color-scheme: dark)');

  for (const model of models) {
    const section = document.getElementById(model.element);
    if (section) showModel(section, model);
  }

  function showModel(section: HTMLElement, { element, runs }: ClientModel): void {
    const all = <T extends Element>(selector: string) => Array.from(section.querySelectorAll<T>(selector));
    const buttons = all<HTMLButtonElement>('button[data-run]');
    const isShown = (index: number) => buttons[index]?.getAttribute('aria-pressed') === 'true';
    let charts: uPlot[] = [];

    const draw = () => {
      for (const chart of charts) chart.destroy();
      charts = all<HTMLElement>('figure[data-quantity]').map((figure) => chartIn(figure));
    };
    const chartIn = (figure: HTMLElement) => {
      const quantity = figure.dataset.quantity as keyof Curves;
      const by = section.querySelector<HTMLSelectElement>('select[name=by]')?.value as 'epoch' | 'iteration';
      const logX = by === 'iteration' && isChecked(section, 'logX');
      const logY = isChecked(figure, 'logY');
      const place = figure.querySelector<HTMLElement>('.chart') ?? figure;
      const options = chartOptions({ runs, by, logX, logY, width: place.clientWidth, key: element, isShown });
      const curves = runs.map((run) => aboveZero(run.curves[by][quantity], logX, logY));
      return new Plot(options, Plot.join(curves.map(([x, y]) => [[...x], [...y]])), place);
    };

    for (const [index, button] of buttons.entries()) {
      button.addEventListener('click', () => {
        const show = !isShown(index);
        button.setAttribute('aria-pressed', String(show));
        for (const chart of charts) chart.setSeries(index + 1, { show });
      });
    }
    for (const control of all('select, input')) control.addEventListener('change', draw);
    section.querySelector('button[data-reset]')?.addEventListener('click', draw);
    darkScheme.addEventListener('change', draw);
    draw();
    new ResizeObserver(() => {
      for (const chart of charts) {
        const width = chart.root.parentElement?.clientWidth ?? chart.width;
        if (width !== chart.width) chart.setSize({ width, height: chart.height });
      }
    }).observe(section);
  }

  function isChecked(parent: HTMLElement, name: string): boolean {
    return parent.querySelector<HTMLInputElement>(`input[name=${name}]`)?.checked ?? false;
  }

  function aboveZero([x, y]: Curve, logX: boolean, logY: boolean): Curve {
    const kept = x.flatMap((value, index) => (logX && value <= 0 ? [] : [index]));
    return [
      kept.map((index) => x[index] ?? 0),
      kept.map((index) => {
        const value = y[index] ?? null;
        return logY && value !== null && value <= 0 ? null : value;
      }),
    ];
  }

  function chartOptions({
    runs,
    by,
    logX,
    logY,
    width,
    key,
    isShown,
  }: {
    runs: readonly ClientRun[];
    by: 'epoch' | 'iteration';
    logX: boolean;
    logY: boolean;
    width: number;
    key: string;
    isShown: (index: number) => boolean;
  }): uPlot.Options {
    const style = getComputedStyle(document.body);
    const axis: uPlot.Axis = {
      stroke: style.getPropertyValue('--text'),
      grid: { stroke: style.getPropertyValue('--grid'), width: 1 },
      ticks: { stroke: style.getPropertyValue('--grid'), width: 1 },
      font: '12px system-ui, sans-serif',
      labelFont: '12px system-ui, sans-serif',
    };
    const figure = (value: number | null) => (value === null ? '–' : String(Number(value.toPrecision(5))));
    return {
      width,
      height: 300,
      scales: {
        x: { time: false, distr: logX ? 3 : 1 },
        y: { distr: logY ? 3 : 1, ...(logY && { range: tightLogRange }) },
      },
      axes: [
        { ...axis, label: by === 'epoch' ? 'Epoch' : 'Iteration', labelSize: 20 },
        { ...axis, size: 62, values: (_, splits) => splits.map((value) => tick(value, logY)) },
      ],
      series: [
        { label: by === 'epoch' ? 'Epoch' : 'Iteration', value: (_, value) => figure(value) },
        ...runs.map((run, index) => ({
          label: run.label,
          stroke: darkScheme.matches ? run.darkColour : run.colour,
          width: run.width,
          dash: [...run.dash],
          show: isShown(index),
          // The runs' points need not lie at the same x: a curve goes on over those of the others.
          spanGaps: true,
          points: { show: false },
          value: (_: uPlot, value: number | null) => figure(value),
        })),
      ],
      cursor: { sync: { key }, dataIdx: nearest },
      legend: { live: true },
    };
  }

  /** uPlot's own goes to the next powers of ten, which leaves half a chart empty. */
  function tightLogRange(_: uPlot, low: number | null, high: number | null): [number | null, number | null] {
    return low === null || high === null ? [low, high] : [low / 1.15, high * 1.15];
  }

  /** On a log axis, uPlot's first split is the end of the range, and those without room for a label are null. */
  function tick(value: number | null, log: boolean): string {
    if (value === null || (log && Number(value.toPrecision(1)) !== Number(value.toPrecision(8)))) return '';
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(0) : String(Number(value.toPrecision(4)));
  }

  /** The index of the point of this curve that is nearest to the cursor: where it is, the curve may have none. */
  function nearest(chart: uPlot, series: number, index: number): number {
    const values = chart.data[series];
    if (series === 0 || !values) return index;
    for (let distance = 0; distance < values.length; distance++) {
      if (values[index - distance] != null) return index - distance;
      if (values[index + distance] != null) return index + distance;
    }
    return index;
  }
}
