import { createHash } from 'node:crypto';
import { UsageError } from '../errors.js';
import { readError, readWhole, writeWhole } from '../files.js';
import type { Values } from '../models/model.js';
import { stateSize } from '../random/mt19937.js';
import { fromJson, toJson } from '../results/json.js';
import { isCount, isIdentity, isObjectOf, isReached, isText, type Identity, type Reached } from '../results/record.js';
import type { RowsMark } from '../results/writer.js';
import type { Snapshot } from '../training/train.js';
import { shown } from '../text.js';
import { arraysOf, fromFile } from './network.js';
import { decodeSafetensors, encodeSafetensors, FormatError, type ArraySource, type NamedArray } from './safetensors.js';

/**
 * What an interrupted run goes on from, as one safetensors file: the network under PyTorch's names and in its shapes, the
 * update rule's state (`rule/…`), the position (`position/…`), and the SHA-256 of all that stands before it in the file.
 */
export interface Checkpoint extends Snapshot {
  readonly identity: Identity;
  /** Of the run that it belongs to: when that was first started. */
  readonly started: string;
  readonly resumed: number;
  /** The rows up to here. */
  readonly rows: RowsMark;
  /** Of what is learned besides α, if anything is. */
  readonly learned?: RowsMark | undefined;
  /** Figures of the last of them, and of the last validation. */
  readonly reached: Reached;
}

const format = 'hypergrad checkpoint';
/** Of the layout; a program reads its own and refuses others. */
const version = 1;

/** @throws UsageError where it cannot be written, RunFailure where the disk is full; an earlier one stays then. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { identity, started, resumed, rows, learned, reached, position } = checkpoint;
  const state = await checkpoint.state();
  const run: RunEntry = {
    ...{ identity, started, resumed, rows, learned, reached },
    step: position.step,
    buffers: namesOf(state, 'buffers/'),
  };
  const hash = createHash('sha256');
  const { lossSum, alphaSum, seconds, due } = position;
  const arrays: ArraySource[] = [
    ...arraysOf(state),
    doubles('position/sums', [lossSum, alphaSum, seconds]),
    doubles('position/due', due ? [due.loss, due.alpha] : []),
    { name: 'position/order', type: 'U32', shape: [position.order.length], values: () => position.order },
    { name: digestName, type: 'U8', shape: [digestBytes], values: () => hash.copy().digest() },
  ];
  const parts = function* () {
    for (const part of encodeSafetensors(arrays, { format, version: String(version), run: toJson(run) })) {
      yield part;
      hash.update(part);
    }
  };
  writeWhole(path, parts());
}

/**
 * The checkpoint at a path; undefined where there is none.
 *
 * @throws UsageError where the file is damaged, of another kind or of a newer version.
 */
export function readCheckpoint(path: string): Checkpoint | undefined {
  const bytes = readBytes(path);
  if (bytes === undefined) return undefined;
  const { metadata, arrays } = decoded(path, bytes);
  if (metadata.get('format') !== format) throw unusable(path, 'it is a safetensors file of another kind');
  const layout = metadata.get('version') ?? 'none';
  if (layout !== String(version)) {
    throw unusable(path, `it was written by another version, whose layout is ${shown(layout, 20)}, not ${version}`);
  }
  const found = createHash('sha256').update(bytes.subarray(0, -digestBytes)).digest();
  if (!found.equals(bytes.subarray(-digestBytes)))
    throw unusable(path, 'its contents do not agree with its own SHA-256');

  const array = (name: string) => arrays.get(name)?.values ?? new Float64Array();
  const [sums, due, order] = [array('position/sums'), array('position/due'), array('position/order')];
  const run = runEntry(metadata.get('run'));
  if (run === undefined || sums.length !== 3 || ![0, 2].includes(due.length) || order.length !== stateSize) {
    throw unusable(path, 'what it says of its run is not in the layout of this version');
  }
  const { identity, started, resumed, rows, learned, reached, step, buffers } = run;
  const [lossSum = 0, alphaSum = 0, seconds = 0] = sums;
  const [loss, alpha] = due;
  return {
    identity,
    started,
    resumed,
    rows,
    learned,
    reached,
    position: {
      step,
      lossSum,
      alphaSum,
      due: loss === undefined || alpha === undefined ? undefined : { loss, alpha },
      seconds,
      order: Uint32Array.from(order),
    },
    // Read anew when it is asked for: it is large, and the rest is kept as long as the run goes on.
    state: () => Promise.resolve(stateOf(decoded(path, readWhole(path)).arrays, new Set(buffers))),
  };
}

interface RunEntry extends Pick<Checkpoint, 'identity' | 'started' | 'resumed' | 'rows' | 'learned' | 'reached'> {
  readonly step: number;
  /** Which of the network's arrays are no parameters. */
  readonly buffers: readonly string[];
}

const isMark = isObjectOf<RowsMark>({ count: isCount, bytes: isCount, sha256: isText });

const isRunEntry = isObjectOf<RunEntry>({
  ...{ identity: isIdentity, started: isText, resumed: isCount, reached: isReached, step: isCount },
  rows: isMark,
  learned: (value) => value === undefined || isMark(value),
  buffers: (value) => Array.isArray(value) && value.every(isText),
});

function runEntry(text: string | undefined): RunEntry | undefined {
  try {
    const entry = fromJson(text ?? '');
    return isRunEntry(entry) ? (entry as RunEntry) : undefined;
  } catch {
    return undefined;
  }
}

const digestName = 'sha256';
const digestBytes = 32;

function doubles(name: string, values: readonly number[]): ArraySource {
  return { name, type: 'F64', shape: [values.length], values: () => Float64Array.from(values) };
}

function namesOf(state: Readonly<Record<string, Values>>, kind: string): string[] {
  return Object.keys(state).flatMap((path) => (path.startsWith(kind) ? [path.slice(kind.length)] : []));
}

function stateOf(arrays: ReadonlyMap<string, NamedArray>, buffers: ReadonlySet<string>): Record<string, Values> {
  const own = (name: string) => name.startsWith('position/') || name === digestName;
  const path = (name: string) => {
    if (name.startsWith('rule/')) return name;
    return buffers.has(name) ? `buffers/${name}` : `parameters/${name}`;
  };
  return Object.fromEntries(
    [...arrays]
      .filter(([name]) => !own(name))
      .map(([name, { shape, values }]) => [path(name), fromFile({ shape, values: values as Float32Array })]),
  );
}

function readBytes(path: string): Uint8Array | undefined {
  try {
    return readWhole(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw readError(path, error);
  }
}

function decoded(path: string, bytes: Uint8Array) {
  try {
    return decodeSafetensors(bytes);
  } catch (error) {
    if (error instanceof FormatError) throw unusable(path, error.message);
    throw error;
  }
}

function unusable(path: string, fault: string): UsageError {
  return new UsageError(
    `The checkpoint ${path} cannot be used: ${fault}. Put a whole one in its place, or begin anew with --overwrite.`,
  );
}
