import { Worker } from 'node:worker_threads';
import { control } from './barrier.js';
import type { Compiled } from './compile.js';

/** A module's functions, by name. */
type Functions = Readonly<Record<string, (...numbers: number[]) => void>>;

export interface Threads {
  readonly memory: WebAssembly.Memory;
  /** Whether all threads have started. */
  areThere(): boolean;
  /** Runs a loop of the module on both threads; before the second one has started, on this alone. */
  run(loop: string, steps: number, images: number, labels: number): void;
  end(): Promise<void>;
}

/** A second thread, if there may be two: it takes as long to start as a step to be traced. */
export function secondThread(threads: number): Worker | undefined {
  if (threads < 2) return undefined;
  // Without the arguments of this process, which may load more there, or have the source be a module.
  const worker = new Worker(source, { eval: true, execArgv: [] });
  worker.unref();
  return worker;
}

/** Starts a compiled module on this thread, and on the second one. */
export async function startThreads(
  { module: bytes, loops, own }: Compiled,
  size: number,
  second: Worker | undefined,
): Promise<Threads> {
  const pages = Math.ceil(size / (1 << 16));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const module = await WebAssembly.compile(bytes);
  second?.postMessage({ module, memory, loops });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const numbers = new Int32Array(memory.buffer);
  const isSecondThere = () => Atomics.load(numbers, control.ready) === 1;
  return {
    memory,
    areThere: () => second === undefined || isSecondThere(),
    run(loop, ...given) {
      const isThere = isSecondThere();
      numbers.copyWithin((own.place + own.size) / 4, own.place / 4, (own.place + own.used) / 4);
      if (isThere) {
        numbers.set([loops.indexOf(loop), ...given], control.arguments);
        Atomics.add(numbers, control.job, 1);
        Atomics.notify(numbers, control.job);
      }
      (exports as Functions)[loop]!(0, isThere ? 2 : 1, ...given);
    },
    async end() {
      await second?.terminate();
    },
  };
}

/** The second thread: it sleeps until there is a job. */
const source = `
require('node:worker_threads').parentPort.once('message', ({ module, memory, loops }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const numbers = new Int32Array(memory.buffer);
  Atomics.store(numbers, ${control.ready}, 1);
  for (let done = 0; ; done++) {
    while (Atomics.load(numbers, ${control.job}) === done) Atomics.wait(numbers, ${control.job}, done);
    const [loop, ...given] = numbers.subarray(${control.arguments}, ${control.arguments + 4});
    exports[loops[loop]](1, 2, ...given);
  }
});
`;
