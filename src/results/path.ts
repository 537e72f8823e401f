import { join } from 'node:path';
import { pythonExponent } from './python.js';
import type { Setting } from './record.js';

export interface ResultPathOptions {
  /** The folder of all results. */
  readonly directory: string;
  readonly model: string;
  readonly method: string;
  /** Undefined where the method has none. */
  readonly alpha0?: number;
  readonly beta?: number;
  /** What else the path tells, in this order; null stands for a setting that is off. */
  readonly besides?: Readonly<Record<string, Setting>>;
}

/**
 * Where a run's results belong: `<directory>/<model>/<alpha>_<beta>/<method>.csv`, as `logreg/+1e-03_+1e-07/adam_hd.csv`.
 *
 * Of a method without α₀ or without β, the folder says `none`: `logreg/none_none/prodigy.csv`.
 *
 * Where there is more to tell, a folder does: `logreg/+1e-03_+1e-07/alpha_0=0.0014_seed=2/adam_hd.csv`.
 */
export function resultPath({ directory, model, method, alpha0, beta, besides = {} }: ResultPathOptions): string {
  const rates = [alpha0, beta].map((rate) => (rate === undefined ? 'none' : pythonExponent(rate))).join('_');
  const told = Object.entries(besides).map(([name, value]) => `${name}=${value ?? 'off'}`);
  return join(directory, model, rates, told.join('_'), `${method}.csv`);
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
