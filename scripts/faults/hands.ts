import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from './worker.js';

export interface Ended {
  /** The exit code; undefined where it had not ended in time, or its process died. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Hands {
  run(order: Order): Promise<Ended>;
  close(): void;
}

const worker = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Engines keep what they have made: a process serves for so many command lines. */
const linesAWorker = 400;
/** Milliseconds that a command line may take; none needs a tenth of them. */
const patience = 60_000;

/** A process at a time that runs command lines one after the other. */
export function hands(folder: string): Hands {
  const [out, err] = [join(folder, 'stdout'), join(folder, 'stderr')];
  let child: ChildProcess | undefined;
  let served = 0;

  const started = () => {
    const files = [out, err].map((path) => openSync(path, 'a'));
    const [stdout = 1, stderr = 2] = files;
    const made = fork(worker, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', stdout, stderr, 'ipc'],
      env: { ...process.env, HYPERGRAD_OFFLINE: '1', NO_COLOR: '1' },
    });
    for (const file of files) closeSync(file);
    served = 0;
    return made;
  };
  const end = () => {
    child?.kill('SIGKILL');
    child = undefined;
  };

  return {
    async run(order) {
      if (served++ >= linesAWorker) end();
      child ??= started();
      const code = await answered(child, order);
      if (code === undefined) end();
      return { code, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') };
    },
    close: end,
  };
}

function answered(child: ChildProcess, order: Order): Promise<number | undefined> {
  return new Promise((resolve) => {
    const settle = (code: number | undefined) => {
      clearTimeout(timer);
      child.off('message', heard).off('exit', died);
      resolve(code);
    };
    const heard = (answer: Answer) => {
      settle(answer.code);
    };
    const died = () => {
      settle(undefined);
    };
    const timer = setTimeout(died, patience);
    child.on('message', heard).on('exit', died);
    child.send(order);
  });
}
