/**
 * The number that a text in decimal notation stands for, as `0.001`, `-5`, `1e-7`, `.5`; undefined for any other text,
 * also for what JavaScript takes besides (`0x10`, `1_000`, spaces, nothing at all, `Infinity`).
 *
 * A number too large for a double is infinite, one too small is 0; there is no negative zero.
 */
export function decimal(text: string): number | undefined {
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  // -0 is a zero like the other, but would be written with its sign.
  return Number(text) + 0;
}
