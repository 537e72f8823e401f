import type uPlot from 'uplot';
import type { Curve } from '../data.js';

/** A curve of a chart, and how it looks. */
export interface DrawnCurve {
  /** Of its setting, which may have several. */
  readonly key: string;
  readonly label: string;
  readonly light: string;
  readonly dark: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly curve: Curve;
}

export interface ChartOptions {
  readonly curves: readonly DrawnCurve[];
  readonly by: 'epoch' | 'iteration';
  readonly logX: boolean;
  readonly logY: boolean;
  /** Charts of the same go together. */
  readonly group: string;
  readonly isShown: (key: string) => boolean;
  readonly zoomed: (zoomed: boolean) => void;
}

export interface Chart {
  /** Other curves, of the same labels; the axes follow where they may. */
  update(curves: readonly DrawnCurve[], follow: boolean): void;
  show(key: string, show: boolean): void;
  fit(): void;
  destroy(): void;
}

/** Draws charts. The page holds the source text of this function, so it may use nothing but its arguments and the browser. */
export function charts(Plot: typeof uPlot): (place: HTMLElement, options: ChartOptions) => Chart {
  const darkScheme = matchMedia('(prefers-color-scheme: dark)');

  return (place, options) => {
    const { curves, logX, logY, isShown, zoomed } = options;
    // Long labels have a line each.
    place.classList.toggle(
      'long',
      curves.some(({ label }) => label.length > 12),
    );
    const chart = new Plot(plotOptions(place.clientWidth, options), joined(curves, logX, logY), place);
    // A double click shows the whole range again.
    chart.over.addEventListener('dblclick', () => zoomed(false));
    for (const key of new Set(curves.map((each) => each.key))) if (!isShown(key)) show(key, false);

    /** The indices of the series of a key's curves: their lines and, over seeds, their edges. */
    function seriesOf(key: string): number[] {
      let index = 1;
      return curves.flatMap((each) => {
        const count = hasBand(each) ? 3 : 1;
        const first = index;
        index += count;
        return each.key === key ? Array.from({ length: count }, (_, nth) => first + nth) : [];
      });
    }

    function show(key: string, visible: boolean): void {
      for (const index of seriesOf(key)) chart.setSeries(index, { show: visible });
    }

    return {
      show,
      update: (now, follow) => {
        chart.setData(joined(now, logX, logY), follow);
        if (!follow) chart.redraw();
      },
      fit() {
        const width = place.clientWidth;
        if (width > 0 && width !== chart.width) chart.setSize({ width, height: chart.height });
      },
      destroy: () => chart.destroy(),
    };
  };

  function hasBand({ curve }: DrawnCurve): boolean {
    return curve.length === 4;
  }

  /** All curves over the x of any. */
  function joined(curves: readonly DrawnCurve[], logX: boolean, logY: boolean): uPlot.AlignedData {
    return Plot.join(
      curves.map(({ curve: [x, ...ys] }) => {
        const kept = x.flatMap((value, index) => (logX && value <= 0 ? [] : [index]));
        const value = (y: readonly (number | null)[], index: number) => {
          const found = y[index] ?? null;
          return logY && found !== null && found <= 0 ? null : found;
        };
        return [kept.map((index) => x[index] ?? 0), ...ys.map((y) => kept.map((index) => value(y, index)))];
      }),
    );
  }

  function plotOptions(width: number, { curves, by, logX, logY, group, zoomed }: ChartOptions): uPlot.Options {
    const style = getComputedStyle(document.body);
    const axis: uPlot.Axis = {
      stroke: style.getPropertyValue('--text'),
      grid: { stroke: style.getPropertyValue('--grid'), width: 1 },
      ticks: { stroke: style.getPropertyValue('--grid'), width: 1 },
      font: '12px system-ui, sans-serif',
      labelFont: '12px system-ui, sans-serif',
    };
    const title = by === 'epoch' ? 'Epoch' : 'Iteration';
    const figure = (value: number | null) => (value === null ? '–' : String(Number(value.toPrecision(5))));
    const series: uPlot.Series[] = [{ label: title, value: (_, value) => figure(value) }];
    const bands: uPlot.Band[] = [];
    for (const each of curves) {
      const colour = darkScheme.matches ? each.dark : each.light;
      // The curves' points need not lie at the same x: one goes on over those of the others.
      const line: uPlot.Series = { stroke: colour, spanGaps: true, points: { show: false } };
      series.push({
        ...line,
        label: each.label,
        width: each.width,
        dash: [...each.dash],
        value: (_: uPlot, value: number | null) => figure(value),
      });
      if (!hasBand(each)) continue;
      const edge: uPlot.Series = { ...line, width: 0, class: 'edge' };
      series.push(edge, edge);
      bands.push({ series: [series.length - 1, series.length - 2], fill: `${colour}33` });
    }
    return {
      width,
      height: 300,
      scales: {
        x: { time: false, distr: logX ? 3 : 1 },
        y: { distr: logY ? 3 : 1, ...(logY && { range: tightLogRange }) },
      },
      axes: [
        { ...axis, label: title, labelSize: 20 },
        { ...axis, size: 62, values: (_, splits) => splits.map((value) => tick(value, logY)) },
      ],
      series,
      bands,
      hooks: { setSelect: [({ select }) => select.width > 0 && zoomed(true)] },
      cursor: { sync: { key: group }, dataIdx: nearest },
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
