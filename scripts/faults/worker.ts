/**
 * Runs command lines one after the other, as src/cli/main.ts does, for `hands.ts`: a process for each would take half a
 * second. Standard output and standard error are files, which are emptied before each.
 */
import { ftruncateSync } from 'node:fs';
import type * as failure from '../../src/cli/failure.js';
import type * as program from '../../src/cli/program.js';

// What was built, as users have it; the compiler need not have built it.
const built = new URL('../../dist/cli/', import.meta.url).href;
const { run } = (await import(`${built}program.js`)) as typeof program;
const { tellFailure } = (await import(`${built}failure.js`)) as typeof failure;

/** The parent's word: what to run, and where. */
export interface Order {
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface Answer {
  readonly code: number;
}

// Nothing of this may go out: what is asked of any other machine is a fault of the harness.
const { fetch } = globalThis;
globalThis.fetch = (input, init) => {
  const { hostname } = new URL(input instanceof Request ? input.url : input);
  if (hostname !== '127.0.0.1') throw new Error(`${hostname} was asked for something`);
  return fetch(input, init);
};

process.on('uncaughtException', (error) => {
  tellFailure(error);
  answer();
});
process.on('disconnect', () => {
  process.exit();
});
process.on('message', (order: Order) => void obey(order));

async function obey({ args, cwd }: Order): Promise<void> {
  process.chdir(cwd);
  for (const output of [1, 2]) ftruncateSync(output, 0);
  process.exitCode = 0;
  process.argv = [process.argv[0]!, 'hypergrad', ...args];
  try {
    await run();
  } catch (error) {
    tellFailure(error);
  }
  answer();
}

function answer(): void {
  const code = Number(process.exitCode);
  process.exitCode = 0;
  process.send?.({ code } satisfies Answer);
}
