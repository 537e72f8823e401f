import { distance } from 'fastest-levenshtein';

/**
 * The name that was surely meant: the same but for capitals, `-` and `_`; else the only one that begins so; else the
 * nearest by edits, up to three and not past half of it. Undefined where none is near.
 */
export function nearest<T extends string>(given: string, allowed: readonly T[]): T | undefined {
  const wanted = plain(given);
  if (wanted === '') return undefined;
  const ranked = allowed
    .map((name) => ({ name, edits: distance(wanted, plain(name)), begins: plain(name).startsWith(wanted) }))
    .sort((a, b) => a.edits - b.edits);
  const beginning = ranked.filter(({ begins }) => begins);
  const [first] = beginning.length > 0 ? beginning : ranked;
  if (!first) return undefined;
  const near = first.edits <= Math.min(3, Math.ceil(wanted.length / 2));
  return near || beginning.length === 1 ? first.name : undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}
