import { join } from 'node:path';
import { pythonExponent } from './python.js';

export interface ResultPathOptions {
  /** The folder of all results. */
  readonly directory: string;
  readonly model: string;
  readonly method: string;
  readonly alpha0: number;
  readonly beta: number;
}

/** Where a run's results belong: `<directory>/<model>/<alpha>_<beta>/<method>.csv`, as `logreg/+1e-03_+1e-07/adam_hd.csv`. */
export function resultPath({ directory, model, method, alpha0, beta }: ResultPathOptions): string {
  return join(directory, model, `${pythonExponent(alpha0)}_${pythonExponent(beta)}`, `${method}.csv`);
}
