import { isatty } from 'node:tty';
import { RunFailure } from '../errors.js';
import { reasonOf, writeAll } from '../files.js';
import { safeForTerminal } from '../text.js';

const standardOutput = 1;
/** The longest message on standard error, in characters: a path, twice over, and what is to say of it. */
const longestMessage = 10_000;

/**
 * Writes data to standard output; when it returns, they are handed over. For a program they stay as they are; on a
 * terminal, control characters stand as escapes.
 *
 * Where the reader has gone (`| head -1`), nobody waits for a word: the exit code becomes 1, and the command goes on.
 *
 * @returns whether there is a reader.
 * @throws RunFailure where they cannot be written, as to a full disk.
 */
export function print(text: string): boolean {
  const bytes = Buffer.from(isatty(standardOutput) ? safeForTerminal(text) : text);
  try {
    writeAll(standardOutput, bytes);
    return true;
  } catch (error) {
    process.exitCode = 1;
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false;
    throw new RunFailure(`Cannot write to standard output: ${reasonOf(error as Error)}.`, { cause: error });
  }
}

/** Says a line on standard error. Control characters stand as escapes, and of what is far too long the middle is left out. */
export function say(message: string): void {
  process.stderr.write(`${safeForTerminal(abridged(message))}\n`);
}

/**
 * Lets talk on standard error fail without a word, be it that its reader has gone or that its disk is full: it is no
 * reason to end the work that it is about. To be called before anything is said.
 */
export function bearLostTalk(): void {
  process.stderr.on('error', () => undefined);
}

function abridged(message: string): string {
  if (message.length <= longestMessage) return message;
  const half = longestMessage / 2;
  return `${message.slice(0, half)} … ${message.slice(-half)}`;
}
