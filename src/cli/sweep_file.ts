import { InvalidArgumentError } from 'commander';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { UsageError } from '../errors.js';
import { readText } from '../files.js';
import { refuseTooMany } from '../sweep/grid.js';
import { shown } from '../text.js';
import { nearest } from './suggestion.js';
import { rangeOrValue, sweepNames, type Lists, type SweepName } from './sweep_options.js';
import { optionSpecs } from './train_options.js';

/** A grid of a file: options' values, and which of its runs are left out. */
export interface FileGrid {
  readonly lists: Lists;
  readonly exclude: readonly Lists[];
}

/**
 * The grids of a sweep's file, in YAML: options by name, each with a value or a list of them. What stands beside `grids`
 * holds for all of these; without `grids`, the file is a grid. Besides options, a grid may have `paired`, options whose
 * lists go together, value by value; `exclude`, values whose runs are left out; and `include`, values whose runs are added,
 * the others as in the grid.
 *
 * @throws UsageError with the line of what is wrong, and where there are more than 100,000 runs.
 */
export function readSweepFile(path: string): FileGrid[] {
  const lines = new LineCounter();
  const text = readText(path);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const wrong = (offset: number | undefined, what: string) =>
    new UsageError(`${shown(path)}:${offset === undefined ? '' : `${lines.linePos(offset).line}:`} ${what}`);
  const [fault] = document.errors;
  if (fault) throw wrong(fault.pos[0], `this is no YAML: ${shown(fault.message, 300)}`);

  const reader: Reader = { document, wrong };
  const top = readSection(document.contents, [...gridKeys, 'grids'], reader);
  const grids = top.entries.get('grids');
  if (!grids) return expanded(readGrid(top, reader));
  for (const key of ['paired', 'include'] as const) {
    const entry = top.entries.get(key);
    if (entry) throw wrong(entry.at, `${key} stands in one of the grids, not beside them.`);
  }
  const shared = readGrid(top, reader);
  return listOfMaps('grids', grids, reader).flatMap((node) => {
    const own = readGrid(readSection(node, gridKeys, reader), reader);
    return expanded({
      ...own,
      lists: { ...shared.lists, ...own.lists },
      exclude: [...shared.exclude, ...own.exclude],
    });
  });
}

interface Reader {
  readonly document: Document;
  readonly wrong: (offset: number | undefined, what: string) => UsageError;
}

/** What a grid may have besides options. */
const gridKeys = ['paired', 'include', 'exclude'] as const;
type Key = (typeof gridKeys)[number] | 'grids';

/** A value of a map, and where its key stands. */
interface Entry {
  readonly value: Node | null;
  readonly at: number | undefined;
}

/** A map of the file: its options, and its other keys. */
interface Section {
  readonly options: ReadonlyMap<SweepName, Entry>;
  readonly entries: ReadonlyMap<Key, Entry>;
}

interface Grid {
  readonly lists: Lists;
  /** The paired options: a value of each. */
  readonly rows: readonly Lists[];
  readonly include: readonly Lists[];
  readonly exclude: readonly Lists[];
}

/** A grid without pairs for each row, and for each addition. */
function expanded({ lists, rows, include, exclude }: Grid): FileGrid[] {
  refuseTooMany(rows.length * (1 + include.length));
  const all = rows.map((row) => ({ ...lists, ...row }));
  const added = include.flatMap((entry) => all.map((each) => ({ lists: { ...each, ...entry }, exclude: [] })));
  return [...all.map((lists) => ({ lists, exclude })), ...added];
}

function readGrid({ options, entries }: Section, reader: Reader): Grid {
  const [paired, include, exclude] = gridKeys.map((key) => entries.get(key));
  const maps = (key: Key, entry: Entry | undefined) =>
    entry ? listOfMaps(key, entry, reader).map((node) => readLists(node, key, reader)) : [];
  return {
    lists: listsOf(options, reader),
    rows: paired ? readRows(paired, options, reader) : [{}],
    include: maps('include', include),
    exclude: maps('exclude', exclude),
  };
}

function readSection(given: unknown, keys: readonly Key[], reader: Reader): Section {
  const node = resolved(given, reader);
  if (!isMap(node)) {
    throw reader.wrong(startOf(given), 'it takes options by name, like method: [sgd, sgd_hd].');
  }
  const options = new Map<SweepName, Entry>();
  const entries = new Map<Key, Entry>();
  for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
    const name = isScalar(key) ? String(key.value) : '';
    const at = startOf(key);
    const other = keys.find((known) => known === name);
    if (other) entries.set(other, { value, at });
    else options.set(checkedName(name, keys, at, reader), { value, at });
  }
  return { options, entries };
}

function checkedName(name: string, keys: readonly Key[], at: number | undefined, { wrong }: Reader): SweepName {
  const found = sweepNames.find((known) => known === name);
  if (found) return found;
  const near = nearest(name, [...sweepNames, ...keys]);
  const hint = near === undefined ? '' : ` (Did you mean ${near}?)`;
  throw wrong(at, `${shown(name, 200) || 'a key without a name'} is no option of a sweep${hint}`);
}

const examples: Readonly<Record<Key, string>> = {
  grids: 'a list of grids, each with options by name',
  paired:
    'options by name, each with a list of values, all of one length, like {method: [sgd_hd, adam_hd], beta: [1e-3, 1e-7]}',
  include: 'a list of values by option, like [{alpha_0: 0.1, beta: 1e-3}]',
  exclude: 'a list of values by option, like [{method: sgd, alpha_0: [1, 0.1]}]',
};

function listOfMaps(key: Key, { value, at }: Entry, reader: Reader): unknown[] {
  const node = resolved(value, reader);
  if (!isSeq(node) || node.items.length === 0) throw reader.wrong(at, `${key} takes ${examples[key]}.`);
  return node.items;
}

function readLists(node: unknown, key: Key, reader: Reader): Lists {
  const { options } = readSection(node, [], reader);
  if (options.size === 0) throw reader.wrong(startOf(node), `${key} takes ${examples[key]}.`);
  return listsOf(options, reader);
}

/** Of options whose lists go together, the first values, the second ones, and so on. */
function readRows({ value, at }: Entry, beside: Section['options'], reader: Reader): Lists[] {
  const wrong = (what: string) => reader.wrong(at, what);
  if (!isMap(resolved(value, reader))) throw wrong(`paired takes ${examples.paired}.`);
  const { options } = readSection(value, [], reader);
  const lists = [...options].map(([name, entry]) => {
    if (beside.has(name)) throw reader.wrong(entry.at, `${name} is paired, and stands beside it, too; it takes one.`);
    return [name, readValues(name, entry, true, reader)] as const;
  });
  const [first] = lists;
  if (!first) throw wrong(`paired takes ${examples.paired}.`);
  for (const [name, values] of lists) {
    if (values.length === first[1].length) continue;
    throw wrong(`${first[0]} and ${name} are paired, with lists of ${first[1].length} and ${values.length} values.`);
  }
  return first[1].map((_, i) => Object.fromEntries(lists.map(([name, values]) => [name, [values[i]]])));
}

function listsOf(options: Section['options'], reader: Reader): Lists {
  return Object.fromEntries(
    [...options].map(([name, entry]) => [name, readValues(name, entry, optionSpecs[name].inSweep === 'many', reader)]),
  );
}

function readValues(name: SweepName, { value, at }: Entry, many: boolean, reader: Reader): readonly unknown[] {
  const node = resolved(value, reader);
  if (!isSeq(node)) return readValue(name, node, at, reader);
  if (!many) throw reader.wrong(at, `${name} takes one value, not a list.`);
  if (node.items.length === 0) throw reader.wrong(at, `${name} has an empty list; leave it out, or give it a value.`);
  return node.items.flatMap((item) => readValue(name, resolved(item, reader), startOf(item) ?? at, reader));
}

/** A value as it is written in the file, by the parser of the command line; a range is several. */
function readValue(name: SweepName, node: unknown, at: number | undefined, { wrong }: Reader): readonly unknown[] {
  if (!isScalar(node)) throw wrong(at, `${name} takes a value or a list of them.`);
  const text = node.value === null ? 'off' : (node.source ?? '');
  try {
    return rangeOrValue(name, text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw wrong(startOf(node) ?? at, `${name}: '${shown(text, 200)}' is invalid. ${error.message}`);
  }
}

function resolved(node: unknown, { document, wrong }: Reader): unknown {
  if (!isAlias(node)) return node;
  const found = node.resolve(document);
  if (!found) throw wrong(startOf(node), `there is no &${shown(node.source, 200)} above.`);
  return found;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
