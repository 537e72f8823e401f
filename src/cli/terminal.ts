/** Whether a stream is a terminal that renews a line in place, and the user lets it (`TERM=dumb` and `NO_COLOR` do not). */
export function isInteractive(stream: { readonly isTTY?: boolean }): boolean {
  const { TERM, NO_COLOR } = process.env;
  return stream.isTTY === true && TERM !== 'dumb' && (NO_COLOR ?? '') === '';
}
