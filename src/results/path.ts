import { join } from 'node:path';
import { pythonExponent } from './python.js';
import type { Setting } from './record.js';

export interface ResultPathOptions {
  /** The folder of all results. */
  readonly directory: string;
  readonly model: string;
  readonly method: string;
  readonly alpha0: number;
  readonly beta: number;
  /** What else the path tells, in this order; null stands for a setting that is off. */
  readonly besides?: Readonly<Record<string, Setting>>;
}

/**
 * Where a run's results belong: `<directory>/<model>/<alpha>_<beta>/<method>.csv`, as `logreg/+1e-03_+1e-07/adam_hd.csv`.
 *
 * Where there is more to tell, a folder does: `logreg/+1e-03_+1e-07/alpha_0=0.0014_seed=2/adam_hd.csv`. A rate that has
 * more than the one digit of the folder above is among that.
 */
export function resultPath({ directory, model, method, alpha0, beta, besides = {} }: ResultPathOptions): string {
  const rates = { alpha_0: alpha0, beta };
  const rounded = Object.entries(rates).filter(([, rate]) => Number(pythonExponent(rate)) !== rate);
  const told = [...rounded, ...Object.entries(besides)].map(([name, value]) => `${name}=${value ?? 'off'}`);
  const folders = [Object.values(rates).map(pythonExponent).join('_'), ...(told.length > 0 ? [told.join('_')] : [])];
  return join(directory, model, ...folders, `${method}.csv`);
}

/** Whether a folder within one of rates tells of settings. */
export function tellsSettings(folder: string): boolean {
  return /^[A-Za-z][\w]*=/.test(folder);
}

/** Folders of rates and settings without what they tell of the seed: the same for runs that differ in nothing else. */
export function withoutSeed(folders: string): string {
  const [rates, settings] = folders.split('/');
  const others = settings?.replace(/(^|_)seed=\d+(?=_|$)/, '').replace(/^_/, '');
  return others ? `${rates}/${others}` : (rates ?? '');
}
