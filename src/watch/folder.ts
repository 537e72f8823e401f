import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { group } from 'd3-array';
import { RunFailure, UsageError } from '../errors.js';
import { isHeld } from '../lock.js';
import {
  curvesOf,
  methodStyles,
  modifiedOf,
  mostProvenance,
  readLearnedOf,
  runView,
  settingKey,
  settingView,
  stateOf,
  symbolsOf,
  type Curves,
  type PageData,
  type Repeat,
  type RunFacts,
  type RunView,
  type SettingView,
} from '../report/data.js';
import { intervalsOf, runSoFar, type By, type RunSoFar } from '../report/run.js';
import type { Change, Stamp } from '../report/client/show.js';
import { findRuns, readRuns, recordOf, runName, type RunFile } from '../results/find.js';
import { learnedFileOf, learnedParser } from '../results/learned.js';
import { rowParser } from '../results/read.js';
import type { Row } from '../results/row.js';
import type { LearnedRow } from '../results/writer.js';
import { shown } from '../text.js';
import { turn } from '../turn.js';
import { tailOf, type NewRows } from './tail.js';

export interface FolderOptions {
  /** The results folder; it need not be there yet. */
  readonly dir: string;
  /** The loss whose first iteration is told. */
  readonly reach: number | undefined;
  readonly repeat: Repeat;
  /** Told when `changesSince` has something new. */
  readonly changed: () => void;
}

/** What is known of a results folder, kept up with what changes there. Nothing is written. */
export interface Folder {
  readonly stamp: () => Stamp;
  readonly data: () => PageData;
  /** What a page that has an earlier state lacks; undefined where it lacks nothing. */
  readonly changesSince: (stamp: Stamp) => Change | undefined;
  /** The curves of settings, by their keys; of unknown ones none. */
  readonly curves: (
    keys: readonly string[],
    by: By,
  ) => Promise<Record<string, { readonly version: number; readonly curves: Curves }>>;
  /** Looks at the folder once, and reads what has changed. */
  readonly look: (signal?: AbortSignal) => Promise<void>;
}

interface Growing {
  readonly next: () => NewRows<Row>;
  /** Of what is learned besides α; undefined until there is a file of it. */
  nextLearned: (() => NewRows<LearnedRow>) | undefined;
  soFar: RunSoFar;
}

/** A run, and what it was read from. */
interface Entry {
  file: RunFile;
  /** The key of its setting. */
  readonly setting: string;
  /** Of the files that it was read from: it is read again where this differs. */
  seen: string;
  facts: RunFacts | undefined;
  view: RunView | undefined;
  /** The curves of an unfinished run, which are added to. */
  growing: Growing | undefined;
  leftOut: readonly string[];
  version: number;
}

/** Milliseconds after which what has been read so far is shown. */
const patience = 500;
/** Finished runs whose curves are kept. */
const mostKept = 200;
/** Lines about what was left out. */
const mostLines = 50;
/** As many settings as a page draws at once. */
const intervals = intervalsOf(1);

export function watchedFolder({ dir, reach, repeat, changed }: FolderOptions): Folder {
  const instance = randomUUID();
  const entries = new Map<string, Entry>();
  const settings = new Map<string, SettingView>();
  /** The curves of finished runs, those last asked for at the end. */
  const kept = new Map<string, { readonly seen: string; readonly soFar: RunSoFar }>();
  const dirty = new Set<string>();
  let version = 1;
  /** A page with an earlier state begins anew: a run has gone. */
  let resetAt = 0;
  let scanWarnings: readonly string[] = [];
  let reading: Change['reading'] = null;
  let touched = false;

  function scan(): Entry[] {
    const warnings: string[] = [];
    const files = filesIn(dir, (line) => warnings.push(line));
    if (warnings.join('\n') !== scanWarnings.join('\n')) [scanWarnings, touched] = [warnings, true];
    if (!files) return [];
    const found = new Set<string>();
    const changedEntries: Entry[] = [];
    for (const file of files) {
      const key = runName(file);
      found.add(key);
      const entry = entries.get(key) ?? {
        ...{
          file,
          setting: settingKey(file),
          seen: '',
          facts: undefined,
          view: undefined,
          growing: undefined,
          leftOut: [],
          version: 0,
        },
      };
      entries.set(key, entry);
      const seen = seenOf(file, entry);
      if (seen === entry.seen) continue;
      if (file.path !== entry.file.path) entry.growing = undefined;
      entry.file = file;
      entry.seen = seen;
      changedEntries.push(entry);
    }
    for (const [key, { setting }] of entries) {
      if (found.has(key)) continue;
      entries.delete(key);
      kept.delete(key);
      dirty.add(setting);
      resetAt = version + 1;
      touched = true;
    }
    // Runs that go on first: they are what somebody waits for.
    return changedEntries.sort((a, b) => Number(a.file.finished) - Number(b.file.finished));
  }

  /** @returns whether all of it has been read. */
  function read(entry: Entry): boolean {
    const leftOut: string[] = [];
    const warn = (line: string) => void leftOut.push(line);
    let more = false;
    try {
      if (entry.file.finished) readFinished(entry, warn);
      else more = readGrowing(entry, warn);
      if (entry.facts) entry.view = runView(entry.facts, repeat, { withProvenance: entries.size <= mostProvenance });
    } catch (error) {
      if (!isFileFault(error)) throw error;
      warn(`${error.message}; left out`);
      entry.growing = undefined;
      // A network's or a disk's fault may pass.
      if (error instanceof RunFailure) entry.seen = '';
    }
    entry.leftOut = leftOut;
    entry.version = version + 1;
    dirty.add(entry.setting);
    return !more;
  }

  function readFinished(entry: Entry, warn: (line: string) => void): void {
    entry.growing = undefined;
    for (const { rows, record, ...file } of readRuns([entry.file], warn)) {
      const soFar = runSoFar({ reach, intervals });
      for (const row of rows) soFar.add(row);
      const outcome = soFar.outcome(record);
      const learned = symbolsOf(file, warn);
      entry.facts = { file, record, outcome, learned, state: 'finished', modified: modifiedOf(file.path) };
    }
  }

  function beginning(file: RunFile): Growing {
    return { next: tailOf(file.path, rowParser), nextLearned: undefined, soFar: runSoFar({ reach, intervals }) };
  }

  function readGrowing(entry: Entry, warn: (line: string) => void): boolean {
    const { file } = entry;
    const growing = (entry.growing ??= beginning(file));
    const { anew, rows, more: moreRows } = growing.next();
    if (anew) Object.assign(growing, { ...beginning(file), next: growing.next });
    for (const row of rows) growing.soFar.add(row);
    const more = readGrowingLearned(growing, file, warn) || moreRows;
    const record = recordOf(file, 0, warn);
    const noted = stateOf(file, record);
    const state = noted === 'running' && !isHeld(lockOf(file)) ? 'interrupted' : noted;
    const outcome = growing.soFar.outcome(record);
    const learned = [...growing.soFar.curves.iteration.learned.keys()];
    if (outcome.rows > 0) entry.facts = { file, record, outcome, learned, state, modified: modifiedOf(file.path) };
    // It may be one of thousands that failed; if it goes on after all, it is read again.
    if ((state === 'failed' || state === 'interrupted') && !more) entry.growing = undefined;
    return more;
  }

  /** Reads on in what is learned besides α. @returns whether there is more. */
  function readGrowingLearned(growing: Growing, file: RunFile, warn: (line: string) => void): boolean {
    const path = learnedFileOf(file);
    if (path === undefined) return false;
    try {
      growing.nextLearned ??= tailOf(path, learnedParser);
      const { anew, rows, more } = growing.nextLearned();
      if (anew && growing.soFar.curves.iteration.learned.size > 0) {
        // The run has been resumed between two looks: both files are read again.
        Object.assign(growing, beginning(file));
        return true;
      }
      for (const row of rows) growing.soFar.learn(row);
      return more;
    } catch (error) {
      if (!isFileFault(error)) throw error;
      warn(`${error.message}; what was learned besides α is left out`);
      return false;
    }
  }

  /** Makes what has been read the new state. */
  function commit(): void {
    if (dirty.size === 0 && !touched) return;
    version++;
    const runsOf = group(
      [...entries.values()].filter(({ facts, setting }) => facts && dirty.has(setting)),
      ({ setting }) => setting,
    );
    for (const key of dirty) {
      const runs = runsOf.get(key)?.flatMap(({ facts }) => facts ?? []) ?? [];
      if (runs.length > 0) settings.set(key, settingView(runs, version));
      else settings.delete(key);
    }
    dirty.clear();
    touched = false;
    changed();
  }

  async function look(signal?: AbortSignal): Promise<void> {
    const queue = scan();
    const all = queue.length;
    let shownAt = performance.now();
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      if (!read(entry)) queue.unshift(entry);
      await turn(signal);
      if (performance.now() - shownAt < patience) continue;
      reading = queue.length > 0 ? { done: all - queue.length, all } : null;
      commit();
      shownAt = performance.now();
    }
    touched ||= reading !== null;
    reading = null;
    commit();
  }

  function leftOut(): string[] {
    const lines = [...scanWarnings, ...[...entries.values()].flatMap((entry) => entry.leftOut)];
    const more = lines.length - mostLines + 1;
    return more > 1 ? [...lines.slice(0, mostLines - 1), `and ${more} more`] : lines;
  }

  function views(since: number): Pick<PageData, 'settings' | 'runs' | 'leftOut'> {
    return {
      settings: [...settings.values()].filter((setting) => setting.version > since),
      runs: [...entries.values()].flatMap(({ view, version: at }) => (view && at > since && at <= version ? view : [])),
      leftOut: leftOut(),
    };
  }

  async function curvesOfRun(entry: Entry): Promise<RunSoFar | undefined> {
    if (entry.growing) return entry.growing.soFar;
    const { file, seen } = entry;
    const key = runName(file);
    const there = kept.get(key);
    kept.delete(key);
    const soFar = there?.seen === seen ? there.soFar : runSoFar({ reach, intervals });
    if (there?.seen !== seen) {
      await turn(undefined);
      const [run] = readRuns([file], () => undefined);
      if (!run) return undefined;
      for (const row of run.rows) soFar.add(row);
      readLearnedOf(file, soFar.learn, () => undefined);
    }
    kept.set(key, { seen, soFar });
    for (const [oldest] of kept) if (kept.size > mostKept) kept.delete(oldest);
    return soFar;
  }

  return {
    stamp: () => ({ instance, version }),
    data: () => ({ dir: shown(dir), reach: reach ?? null, methods: methodStyles, ...views(0) }),
    look,
    changesSince(since) {
      if (since.instance === instance && since.version === version) return undefined;
      const reset = since.instance !== instance || since.version < resetAt || since.version > version;
      return { instance, version, reset, reading, ...views(reset ? 0 : since.version) };
    },
    async curves(keys, by) {
      const wanted = keys.flatMap((key) => settings.get(key) ?? []);
      const runsOf = group(entries.values(), ({ setting }) => setting);
      const found: Record<string, { version: number; curves: Curves }> = {};
      for (const { key, version: of } of wanted) {
        const drawn = [];
        for (const entry of runsOf.get(key) ?? []) {
          const soFar = entry.facts && (await curvesOfRun(entry));
          if (soFar && entry.facts) drawn.push({ curves: soFar.curves, diverged: entry.facts.outcome.diverged });
        }
        if (drawn.length > 0) found[key] = { version: of, curves: curvesOf(drawn, by, intervals) };
      }
      return found;
    },
  };
}

/** The runs of a folder; none where it is not there; undefined where that cannot be told, as of a network that is away. */
function filesIn(dir: string, warn: (line: string) => void): RunFile[] | undefined {
  if (!existsSync(dir)) return [];
  try {
    return findRuns(dir, warn);
  } catch (error) {
    if (!isFileFault(error)) throw error;
    warn(error.message);
    return undefined;
  }
}

function isFileFault(error: unknown): error is UsageError | RunFailure {
  return error instanceof UsageError || error instanceof RunFailure;
}

/** What tells whether a run's files have changed: that of the rows, that of the record, and of a run under way its lock. */
function seenOf(file: RunFile, { facts }: Entry): string {
  const stem = stemOf(file);
  const aside = file.finished ? '' : mark(`${stem}.json.partial`);
  // Who is at a run is asked only while its record says that somebody is.
  const held = !file.finished && facts?.record?.state === 'running' && isHeld(lockOf(file));
  const learned = file.finished ? '' : mark(`${stem}.learned.csv.partial`);
  return [file.path, mark(file.path), mark(`${stem}.json`), aside, learned, held].join('|');
}

function mark(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return '';
  }
}

function stemOf({ path }: RunFile): string {
  return path.replace(/\.csv(\.partial)?$/, '');
}

function lockOf(file: RunFile): string {
  return `${stemOf(file)}.csv.lock`;
}
