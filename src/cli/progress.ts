import type { Row } from '../results/row.js';
import type { RunObserver } from '../run/outcome.js';
import { duration } from './duration.js';
import { say } from './output.js';
import { isInteractive } from './terminal.js';

export interface ProgressOptions {
  readonly silent: boolean;
  readonly epochs: number;
  readonly iterations: number;
  readonly batchSize: number;
  readonly trainingSamples: number;
}

export interface Progress extends RunObserver {
  /** Nothing more will come. */
  done(): void;
}

/**
 * Tells on standard error how a run goes: an epoch in a line that stays, and on a terminal what goes on in a line that
 * renews itself. A loss or α that is no longer finite is told once.
 */
export function progress(options: ProgressOptions): Progress {
  const nothing = () => undefined;
  if (options.silent)
    return { line: nothing, resumed: nothing, stretch: nothing, checkpointed: nothing, done: nothing };
  const { stderr } = process;
  const terminal = isInteractive(stderr);
  const clock = paceOf(options);
  let shown = false;
  let allFinite = true;
  let closed: Validated = { validLoss: Number.NaN, accuracy: Number.NaN };
  let untold: Row | undefined;

  const clear = () => {
    if (shown) stderr.write('\r\x1b[K');
    shown = false;
  };
  const line = (text: string) => {
    clear();
    say(text);
  };
  const renew = (text: string) => {
    stderr.write(`\r${text.slice(0, stderr.columns - 1)}\x1b[K`);
    shown = true;
  };
  const told = (row: Row, loss: number) =>
    `${epochOf(row, options)}  ${figures(row, loss, closed)}  ${duration(row.time)}${clock.text(row.iteration)}`;

  return {
    line,
    resumed(reached, trained) {
      closed = { validLoss: reached.validLossEpoch, accuracy: reached.validAccuracy };
      clock.begin(reached.iteration, trained);
      line(`Going on from iteration ${reached.iteration}, after ${duration(trained)}.`);
    },
    stretch({ rows, position, validationSeconds }) {
      clock.take(position, validationSeconds);
      for (const row of rows) {
        untold = row;
        if (allFinite && !(Number.isFinite(row.loss) && Number.isFinite(row.alpha))) {
          allFinite = false;
          line(`At iteration ${row.iteration} the loss is ${row.loss} and α is ${row.alpha}; the run goes on.`);
        }
        if (row.validAccuracy === undefined) continue;
        closed = { validLoss: row.validLossEpoch, accuracy: row.validAccuracy };
        line(told(row, row.lossEpoch));
        untold = undefined;
      }
      if (terminal && untold) renew(told(untold, untold.loss));
    },
    checkpointed: nothing,
    done() {
      clear();
      if (untold) line(told(untold, untold.loss));
      untold = undefined;
    },
  };
}

/** Figures of the last validation. */
interface Validated {
  readonly validLoss: number;
  readonly accuracy: number;
}

/** How fast a run goes, and what is left of it, from what was seen since it began or was resumed. */
function paceOf({ epochs, iterations, batchSize, trainingSamples }: ProgressOptions) {
  const stepsAnEpoch = Math.ceil(trainingSamples / batchSize);
  const byEpochs = epochs === 0 ? Infinity : epochs * stepsAnEpoch;
  const last = Math.min(byEpochs, iterations === 0 ? Infinity : iterations - 1);
  let began = { step: 0, seconds: 0 };
  let now = began;
  let validating = 0;
  let aValidation = 0;
  return {
    begin(iteration: number, trained: number) {
      began = { step: iteration - 1, seconds: trained };
      now = began;
    },
    take(position: { readonly step: number; readonly seconds: number }, validationSeconds: number | undefined) {
      now = position;
      aValidation = validationSeconds ?? aValidation;
      // Row 0's is over before training begins.
      if (position.step > 0) validating += validationSeconds ?? 0;
    },
    /** Checkpoints are among the time of the steps, validations are counted one by one. */
    text(iteration: number): string {
      const steps = now.step - began.step;
      const spent = now.seconds - began.seconds - validating;
      if (steps < 1 || spent <= 0) return '';
      const rate = `  ${(steps / spent).toPrecision(3)} it/s`;
      const step = iteration - 1;
      if (!Number.isFinite(last) || step >= last) return rate;
      const validations = Math.floor(last / stepsAnEpoch) - Math.floor(step / stepsAnEpoch);
      return `${rate}  ${duration(((last - step) * spent) / steps + validations * aValidation)} left`;
    },
  };
}

function epochOf({ epoch, iteration }: Row, { epochs }: ProgressOptions): string {
  return `epoch ${epoch}${epochs === 0 ? '' : `/${epochs}`}  iteration ${iteration}`;
}

function figures({ alpha }: Row, loss: number, { validLoss, accuracy }: Validated): string {
  const share = `${(100 * accuracy).toFixed(2)} %`;
  return `loss ${loss.toPrecision(5)}  validation ${validLoss.toPrecision(5)} (${share})  α ${alpha.toPrecision(5)}`;
}
