import { extent, range, tickStep } from 'd3-array';

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** The range of an axis, and its ticks; a linear one's are left to the renderer. */
export type Axis = LinearAxis | LogAxis;

export interface LinearAxis {
  readonly type: 'linear';
  readonly domain: readonly [number, number];
  readonly tickCount: number;
}

export interface LogAxis {
  readonly type: 'log';
  readonly domain: readonly [number, number];
  /** Labelled ticks, where gridlines lie. */
  readonly ticks: readonly Tick[];
  /** Ticks without labels between them. */
  readonly minor: readonly number[];
}

/** Sizes that an axis goes to; what lies beyond is outside of it. Their squares and margins are numbers still. */
const [smallest, largest] = [1e-250, 1e250];

/** Labels of powers of ten that fit an axis; where there are more, each second or third has one. */
const mostPowers = 12;

/** The published figures' margin: a twentieth of the range on either side (matplotlib's). */
const margin = 0.05;

/** A range of the values and a margin. */
export function linearAxis(values: readonly number[], { tickCount = 6 } = {}): LinearAxis {
  const [low, high] = rangeOf(values, (value) => Math.abs(value) <= largest, [0, 1]);
  const space = marginOf(low, high);
  return { type: 'linear', domain: [low - space, high + space], tickCount };
}

/** A range from the last round tick below the values to a margin above them, as the published insets have it. */
export function insetAxis(values: readonly number[], { tickCount = 5 } = {}): LinearAxis {
  const [low, high] = rangeOf(values, (value) => Math.abs(value) <= largest, [0, 1]);
  const top = high + marginOf(low, high);
  const step = tickStep(low, top, tickCount);
  return { type: 'linear', domain: [Math.floor(low / step) * step, top], tickCount };
}

/** A range of the positive values and a margin in their logarithm. */
export function logAxis(values: readonly number[]): LogAxis {
  const [low, high] = rangeOf(values, (value) => value >= smallest && value <= largest, [1, 10]);
  const factor = 10 ** ((Math.log10(high) - Math.log10(low)) * margin || margin);
  return logAxisOver([low / factor, high * factor]);
}

/**
 * A log axis of exactly this range. Powers of ten are labelled; their multiples by 2, 4 and 6 too where the range has
 * less than a decade and a half, since one label alone gives no scale.
 */
export function logAxisOver(domain: readonly [number, number]): LogAxis {
  const [low, high] = domain;
  const decades = Math.log10(high) - Math.log10(low);
  const every = Math.ceil(decades / mostPowers);
  const shown = range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)))
    .flatMap((exponent) => range(1, 10).map((factor) => ({ factor, exponent, value: Number(`${factor}e${exponent}`) })))
    .filter(({ value, factor }) => value >= low && value <= high && (every === 1 || factor === 1));
  const factors = decades < 1.5 ? [1, 2, 4, 6] : [1];
  const isLabelled = ({ factor, exponent }: (typeof shown)[number]) =>
    factors.includes(factor) && exponent % every === 0;
  return {
    type: 'log',
    domain,
    ticks: shown
      .filter(isLabelled)
      .map(({ factor, exponent, value }) => ({ value, label: powerLabel(factor, exponent) })),
    minor: shown.filter((tick) => !isLabelled(tick)).map(({ value }) => value),
  };
}

/** Such as 10⁻² and 4 × 10⁻¹. */
function powerLabel(factor: number, exponent: number): string {
  const digits = [...String(exponent)].map((digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit))));
  return `${factor === 1 ? '' : `${factor} × `}10${digits.join('')}`;
}

function marginOf(low: number, high: number): number {
  return (high - low) * margin || Math.abs(high) * margin || margin;
}

function rangeOf(
  values: readonly number[],
  accept: (value: number) => boolean,
  otherwise: readonly [number, number],
): readonly [number, number] {
  const [low, high] = extent(values.filter(accept), (value) => (Math.abs(value) < smallest ? 0 : value));
  return low === undefined || high === undefined ? otherwise : [low, high];
}
