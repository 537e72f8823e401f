import type { RandomSource } from '../src/random/mt19937.js';

/** Turns bits, overwrites, cuts, doubles, takes out: one to four such faults. */
export function spoiled(bytes: Uint8Array, source: RandomSource): Uint8Array {
  const below = (limit: number) => source.next() % Math.max(limit, 1);
  // Half of the faults fall where the headers are.
  const place = (size: number) => below(below(2) === 0 ? Math.min(size, 600) : size);
  let result = Buffer.from(bytes);
  for (let fault = below(4); fault >= 0; fault--) {
    const [at, length] = [place(result.length), 1 + below(64)];
    const kind = below(6);
    if (kind === 0 && result.length > 0) result[at]! ^= 1 << below(8);
    else if (kind === 1) result.fill(below(256), at, Math.min(at + length, result.length));
    else if (kind === 2) result = Buffer.from(result.subarray(0, at));
    else if (kind === 3) result = Buffer.concat([result.subarray(0, at + length), result.subarray(at)]);
    else if (kind === 4) result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
    else for (let i = at; i < Math.min(at + length, result.length); i++) result[i] = source.next() & 255;
  }
  return result;
}

/** JSON in whose tree one to three values are gone, or others. */
export function spoiledJson(text: string, source: RandomSource): string {
  const one = <T>(items: readonly T[]) => items[source.next() % items.length]!;
  const root = { value: JSON.parse(text) as unknown };
  for (let fault = source.next() % 3; fault >= 0; fault--) {
    const places = nodesOf(root);
    const [parent, key] = one(places);
    if (source.next() % 3 === 0 && parent !== root) Reflect.deleteProperty(parent, key);
    else (parent as Record<string, unknown>)[key] = structuredClone(one(odd));
  }
  return JSON.stringify(root.value ?? null);
}

const odd: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e308, '', 'x', 'nan', '-inf', '0', [], [[]], {}, { a: 1 }, [null], 'constructor'],
  ...[
    '\x1b[31m',
    '\u202e',
    'a\nb',
    '</script>',
    '../../x',
    '/etc/passwd',
    'x'.repeat(100_000),
    JSON.parse('{"__proto__":1}') as unknown,
  ],
];

function nodesOf(parent: object): [parent: object, key: string][] {
  return Object.entries(parent).flatMap(([key, value]) => [
    [parent, key] as [object, string],
    ...(typeof value === 'object' && value !== null ? nodesOf(value as object) : []),
  ]);
}
