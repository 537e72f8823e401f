/**
 * A user's mistake: what was given, what is allowed, the way out.
 * The command line prints its message alone and exits with 2; any other error is a bug and keeps its stack.
 */
export class UsageError extends Error {
  override name = 'UsageError';
}
