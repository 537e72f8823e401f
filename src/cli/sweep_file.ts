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
import { readText } from '../results/read.js';
import { shown } from '../text.js';
import { nearest } from './suggestion.js';
import { rangeOrValue, sweepNames, type Lists, type SweepName } from './sweep_options.js';
import { optionSpecs } from './train_options.js';

/** The key of a file whose value is a list of grids. */
const gridsKey = 'grids';

/**
 * The grids of a sweep's file, in YAML: options by name, each with a value or a list of them. What stands beside `grids`
 * holds for all of these; without `grids`, the file is a grid.
 *
 * @throws UsageError with the line of what is wrong.
 */
export function readSweepFile(path: string): Lists[] {
  const lines = new LineCounter();
  const text = readText(path);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const wrong = (offset: number | undefined, what: string) =>
    new UsageError(`${shown(path)}:${offset === undefined ? '' : `${lines.linePos(offset).line}:`} ${what}`);
  const [fault] = document.errors;
  if (fault) throw wrong(fault.pos[0], `this is no YAML: ${shown(fault.message, 300)}`);

  const reader: Reader = { document, wrong };
  const { lists, grids } = readMap(document.contents, reader, true);
  return grids.length === 0 ? [lists] : grids.map((grid) => ({ ...lists, ...grid }));
}

interface Reader {
  readonly document: Document;
  readonly wrong: (offset: number | undefined, what: string) => UsageError;
}

function readMap(given: unknown, reader: Reader, atTop: boolean): { lists: Lists; grids: Lists[] } {
  const node = resolved(given, reader);
  if (!isMap(node)) {
    throw reader.wrong(startOf(given), 'it takes options by name, like method: [sgd, sgd_hd].');
  }
  const lists: Record<string, readonly unknown[]> = {};
  let grids: Lists[] = [];
  for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (atTop && name === gridsKey) grids = readGrids(value, reader, startOf(key));
    else
      lists[checkedName(name, atTop, startOf(key), reader)] = readValues(
        name as SweepName,
        value,
        startOf(key),
        reader,
      );
  }
  return { lists, grids };
}

function readGrids(value: Node | null, reader: Reader, at: number | undefined): Lists[] {
  const node = resolved(value, reader);
  if (!isSeq(node) || node.items.length === 0) throw reader.wrong(at, 'grids takes a list of grids.');
  return node.items.map((item) => readMap(item, reader, false).lists);
}

function checkedName(name: string, atTop: boolean, at: number | undefined, { wrong }: Reader): SweepName {
  const found = sweepNames.find((known) => known === name);
  if (found) return found;
  const near = nearest(name, [...sweepNames, ...(atTop ? [gridsKey] : [])]);
  const hint = near === undefined ? '' : ` (Did you mean ${near}?)`;
  throw wrong(at, `${shown(name, 200) || 'a key without a name'} is no option of a sweep${hint}`);
}

function readValues(name: SweepName, value: Node | null, at: number | undefined, reader: Reader): readonly unknown[] {
  const node = resolved(value, reader);
  if (!isSeq(node)) return readValue(name, node, at, reader);
  if (optionSpecs[name].inSweep === 'one') throw reader.wrong(at, `${name} takes one value, not a list.`);
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
