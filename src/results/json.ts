/** What JSON has no number for stands as the results files write it. */
const words = new Map([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['-inf', -Infinity],
]);

/** JSON with `"nan"`, `"inf"` and `"-inf"` for what it has no numbers for. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, each: unknown) => (isUnwritable(each) ? wordOf(each) : each), indent);
}

/** @throws SyntaxError where the text is no JSON. */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, each: unknown) => (typeof each === 'string' ? (words.get(each) ?? each) : each));
}

function isUnwritable(value: unknown): value is number {
  return typeof value === 'number' && !Number.isFinite(value);
}

/** How a number that is none in JSON is written, here and in the results files. */
export function wordOf(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}
