/**
 * A user's mistake: what was given, what is allowed, the way out.
 * The command line prints its message alone and exits with 2; any other error is a bug and keeps its stack.
 */
export class UsageError extends Error {
  override name = 'UsageError';
}

/**
 * A run that failed by neither the user's mistake nor ours: a server out of reach, a disk that is full.
 * The command line prints its message alone and exits with 1.
 */
export class RunFailure extends Error {
  override name = 'RunFailure';
}
