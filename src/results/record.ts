import { createHash } from 'node:crypto';
import { UsageError } from '../errors.js';
import { readError, readWhole, writeWhole } from '../files.js';
import { shown } from '../text.js';
import { fromJson, toJson } from './json.js';

/** A setting's value; null where it is off. */
export type Setting = string | number | boolean | null;

/** What a run is: two with the same, but for settings that are free, have the same rows as far as both go. */
export interface Identity {
  /** All of them as resolved, by their names on the command line. */
  readonly settings: Readonly<Record<string, Setting>>;
  readonly engine: { readonly name: string; readonly version: string };
  readonly data: { readonly name: string; readonly digest: string; readonly train: number; readonly test: number };
  /** The program's version, with the commit that it was built from where that is known. */
  readonly code: string;
}

/** Settings that tell how far a run goes. */
export const lengths = ['epochs', 'iterations'] as const;
/** Settings that no row depends on. */
export const machinery = ['threads', 'workers', 'device'] as const;
const free: ReadonlySet<string> = new Set([...lengths, ...machinery]);

export type RunState = 'running' | 'finished' | 'interrupted' | 'failed';

/** Figures of a run's last row, and of its last validation; NaN before there is one. */
export interface Reached {
  readonly epoch: number;
  readonly iteration: number;
  readonly loss: number;
  readonly lossEpoch: number;
  readonly validLossEpoch: number;
  /** Share of the test images that are classified right, 0 to 1. */
  readonly validAccuracy: number;
  readonly alpha: number;
}

/** What a run was: `<method>.json` beside `<method>.csv`. */
export interface RunRecord extends Identity {
  /** Of this layout. */
  readonly schema: 1;
  /** A hash of the settings (but for threads and the like), the engine, the data and the code. */
  readonly id: string;
  readonly state: RunState;
  /** Why it failed, where it did. */
  readonly error: string | null;
  readonly machine: Machine;
  /** Of the first start, also of a run that was resumed; ISO 8601 in UTC. */
  readonly started: string;
  /** When it ended; null while it runs. */
  readonly ended: string | null;
  /** Seconds of training, of all its parts together. */
  readonly seconds: number;
  /** How often it was resumed. */
  readonly resumed: number;
  /** How many runs were trained together, this one included, in its last part; it was alone where nothing is said. */
  readonly together?: number;
  readonly final: Reached;
  /** The results file: its number of rows and, once it is whole, its SHA-256. */
  readonly rows: { readonly count: number; readonly sha256: string | null };
  /** The file of the trained network, where it was kept. */
  readonly model: string | null;
}

/** Where a run was computed. */
export interface Machine {
  readonly node: string;
  /** Operating system and architecture: 'linux x64'. */
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
}

/** The id of runs with the same identity and length. */
export function runId({ settings, engine, data, code }: Identity): string {
  const telling = Object.entries(settings)
    .filter(([name]) => !machinery.some((each) => each === name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([telling, engine.name, engine.version, data.digest, code]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** What two runs do not have in common. */
export interface Difference {
  readonly name: string;
  readonly a: Setting;
  readonly b: Setting;
}

/** What differs between two runs that would give other rows. */
export function differences(a: Identity, b: Identity): Difference[] {
  const names = new Set([...Object.keys(a.settings), ...Object.keys(b.settings)]);
  const telling = [...names].filter((name) => !free.has(name));
  const engine = ({ engine: { name, version } }: Identity) => `${name} (${version})`;
  const data = ({ data: { name, digest } }: Identity) => `${name} (SHA-256 ${digest.slice(0, 12)}…)`;
  // The names come from files, and may be those of what all objects have.
  const valueOf = ({ settings }: Identity, name: string) => (Object.hasOwn(settings, name) ? settings[name]! : null);
  return [
    ...telling.map((name) => ({ name: `--${name}`, a: valueOf(a, name), b: valueOf(b, name) })),
    { name: 'engine', a: engine(a), b: engine(b) },
    { name: 'data', a: data(a), b: data(b) },
    { name: 'hypergrad', a: a.code, b: b.code },
  ].filter((difference) => difference.a !== difference.b);
}

/** `--alpha_0 0.001, now 0.002`. */
export function inWords({ name, a, b }: Difference): string {
  return `${name} ${a ?? 'off'}, now ${b ?? 'off'}`;
}

/** @throws UsageError where it cannot be written, RunFailure where the disk is full. */
export function writeRecord(path: string, record: RunRecord): void {
  writeWhole(path, `${toJson(record, 2)}\n`);
}

/**
 * A run's record; undefined where there is none.
 *
 * @throws UsageError where the file is no record, or cannot be read.
 */
export function readRecord(path: string): RunRecord | undefined {
  let text: string;
  try {
    text = readWhole(path).toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw readError(shown(path), error);
  }
  try {
    const found = fromJson(text);
    if (isRecord(found)) return found as RunRecord;
  } catch {
    // Said below.
  }
  throw new UsageError(`${shown(path)} is no record of a run that this version knows.`);
}

/** Whether a value from a file is what a type says. */
export type Check = (value: unknown) => boolean;

export const isText: Check = (value) => typeof value === 'string';
export const isNumber: Check = (value) => typeof value === 'number';
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

/** A check of each of a type's fields; the compiler sees to it that none is forgotten. */
export function isObjectOf<T extends object>(fields: { readonly [Name in keyof T]-?: Check }): Check {
  return (value) =>
    isObject(value) && Object.entries<Check>(fields).every(([name, check]) => check(value[name]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isSetting: Check = (value) => value === null || ['string', 'number', 'boolean'].includes(typeof value);

const identityFields: { readonly [Name in keyof Identity]: Check } = {
  settings: (value) => isObject(value) && Object.values(value).every(isSetting),
  engine: isObjectOf<Identity['engine']>({ name: isText, version: isText }),
  data: isObjectOf<Identity['data']>({ name: isText, digest: isText, train: isCount, test: isCount }),
  code: isText,
};
export const isIdentity = isObjectOf<Identity>(identityFields);

export const isReached = isObjectOf<Reached>({
  ...{ epoch: isCount, iteration: isCount, loss: isNumber, lossEpoch: isNumber },
  ...{ validLossEpoch: isNumber, validAccuracy: isNumber, alpha: isNumber },
});

const states: readonly unknown[] = ['running', 'finished', 'interrupted', 'failed'] satisfies RunState[];

const isRecord = isObjectOf<RunRecord>({
  ...identityFields,
  schema: (value) => value === 1,
  id: isText,
  state: (value) => states.includes(value),
  error: orNull(isText),
  machine: isObjectOf<Machine>({ node: isText, platform: isText, processor: isText, cores: isCount }),
  started: isText,
  ended: orNull(isText),
  seconds: isNumber,
  resumed: isCount,
  together: (value) => value === undefined || isCount(value),
  final: isReached,
  rows: isObjectOf<RunRecord['rows']>({ count: isCount, sha256: orNull(isText) }),
  model: orNull(isText),
});
