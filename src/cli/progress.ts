import type { Row } from '../results/row.js';

export interface ProgressOptions {
  readonly silent: boolean;
  readonly epochs: number;
  readonly iterations: number;
  readonly batchSize: number;
  readonly trainingSamples: number;
}

export interface Progress {
  /** Says something that stays. */
  line(text: string): void;
  /** Takes note of new rows. */
  rows(rows: readonly Row[]): void;
  /** No more rows will come. */
  done(): void;
}

/**
 * Tells on standard error how a run goes: on a terminal in a line that renews itself, otherwise in a line an epoch.
 * A loss or α that is no longer finite is told once.
 */
export function progress(options: ProgressOptions): Progress {
  if (options.silent) return { line: () => undefined, rows: () => undefined, done: () => undefined };
  const { stderr } = process;
  const terminal = stderr.isTTY;
  const steps = totalSteps(options);
  let shown = false;
  let allFinite = true;
  let validLoss = Number.NaN;
  let latest: Row | undefined;

  const clear = () => {
    if (shown) stderr.write('\r\x1b[K');
    shown = false;
  };
  const line = (text: string) => {
    clear();
    stderr.write(`${text}\n`);
  };
  const show = (row: Row) => {
    const text = `${epochOf(row, options)}  ${figures(row, row.loss, validLoss)}  ${pace(row, steps)}`;
    stderr.write(`\r${text.slice(0, stderr.columns - 1)}\x1b[K`);
    shown = true;
  };

  return {
    line,
    rows(rows) {
      for (const row of rows) {
        latest = row;
        if (allFinite && !(Number.isFinite(row.loss) && Number.isFinite(row.alpha))) {
          allFinite = false;
          line(`At iteration ${row.iteration} the loss is ${row.loss} and α is ${row.alpha}; the run goes on.`);
        }
        if (Number.isNaN(row.validLossEpoch)) continue;
        validLoss = row.validLossEpoch;
        if (!terminal)
          line(`${epochOf(row, options)}  ${figures(row, row.lossEpoch, validLoss)}  ${seconds(row.time)}`);
      }
      if (terminal && latest) show(latest);
    },
    done() {
      clear();
      // Where the run ended within an epoch, piped output has not told it yet.
      if (latest && (terminal || Number.isNaN(latest.validLossEpoch))) {
        line(`${epochOf(latest, options)}  ${figures(latest, latest.loss, validLoss)}  ${seconds(latest.time)}`);
      }
    },
  };
}

/** Steps that the run will take; infinite where nothing limits it beforehand. */
function totalSteps({ epochs, iterations, batchSize, trainingSamples }: ProgressOptions): number {
  const byEpochs = epochs === 0 ? Infinity : epochs * Math.ceil(trainingSamples / batchSize);
  return Math.min(byEpochs, iterations === 0 ? Infinity : iterations - 1);
}

function epochOf({ epoch, iteration }: Row, { epochs }: ProgressOptions): string {
  return `epoch ${epoch}${epochs === 0 ? '' : `/${epochs}`}  iteration ${iteration}`;
}

function figures({ alpha }: Row, loss: number, validLoss: number): string {
  return `loss ${loss.toPrecision(5)}  validation ${validLoss.toPrecision(5)}  α ${alpha.toPrecision(5)}`;
}

function pace({ iteration, time }: Row, steps: number): string {
  const taken = iteration - 1;
  if (taken < 1 || time === 0) return '';
  const rate = taken / time;
  const left = Number.isFinite(steps) ? `  ${seconds((steps - taken) / rate)} left` : '';
  return `${rate.toPrecision(3)} it/s${left}`;
}

function seconds(count: number): string {
  if (count < 60) return `${count.toFixed(1)} s`;
  const [hours, minutes] = [Math.floor(count / 3600), Math.floor((count % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${Math.floor(count % 60)} s`;
}
