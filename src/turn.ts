import { setImmediate } from 'node:timers/promises';

/**
 * Lets the event loop turn: an interrupt that came while this thread computed is heard only then.
 *
 * @throws the signal's reason, once it is aborted.
 */
export async function turn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  await setImmediate(); // the first turn may be over before it asks for signals
  signal?.throwIfAborted();
}
