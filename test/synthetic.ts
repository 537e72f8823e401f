import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { columns } from '../src/results/row.js';

export const temporaryFolder = () => mkdtempSync(join(tmpdir(), 'hypergrad-'));

export interface SyntheticOptions {
  /** Epochs of ten iterations each. */
  readonly epochs?: number;
  readonly alpha?: (iteration: number) => number;
  readonly loss?: (iteration: number) => number;
  readonly lineEnd?: string;
}

/** A results file as the program writes it: row 0, then iterations from 2, ten an epoch. */
export function syntheticCsv({
  epochs = 3,
  alpha = () => 0.001,
  loss = (iteration) => 2.3 / (1 + iteration / 10),
  lineEnd = '\r\n',
}: SyntheticOptions = {}): string {
  const rows = Array.from({ length: 10 * epochs }, (_, index) => {
    const [iteration, due] = [index + 2, index % 10 === 9];
    const epoch = Math.floor(index / 10) + 1;
    const [l, a] = [loss(iteration), alpha(iteration)];
    return [epoch, iteration, iteration / 100, l, due ? l : 'nan', due ? 1.1 * l : 'nan', a, due ? a : 'nan', 1e-7];
  });
  const first = [0, 0, 0, loss(0), loss(0), 1.1 * loss(0), alpha(0), alpha(0), 1e-7];
  return [columns, first, ...rows].map((fields) => fields.map(asPython).join(',') + lineEnd).join('');
}

export function writeCsv(dir: string, path: string, text: string): string {
  const whole = join(dir, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

function asPython(field: string | number): string {
  return String(field).replace('NaN', 'nan').replace('Infinity', 'inf');
}

/** What a run of `epochs` learns besides α, in a file as the program writes it; `values` by symbol. */
export function learnedCsv(values: Readonly<Record<string, (iteration: number) => number>>, epochs = 3): string {
  const rows = Array.from({ length: 10 * epochs }, (_, index) => [
    index + 2,
    ...Object.values(values).map((value) => value(index + 2)),
  ]);
  return [['Iteration', ...Object.keys(values)], ...rows]
    .map((fields) => `${fields.map(asPython).join(',')}\r\n`)
    .join('');
}
