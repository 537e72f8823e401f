/** What the shell expects of a process that a signal ended: 128 + the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs work that ends by itself when its signal is aborted: by Ctrl-C or SIGTERM, which also set the exit code. A second
 * Ctrl-C ends the process at once.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = (name: keyof typeof exitCodes) => {
    if (controller.signal.aborted) process.exit(exitCodes[name]);
    process.exitCode = exitCodes[name];
    controller.abort();
  };
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  for (const name of names) process.on(name, stop);
  try {
    await work(controller.signal);
  } finally {
    for (const name of names) process.off(name, stop);
  }
}
