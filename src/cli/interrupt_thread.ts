import { runInThisContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';

// A thread that hears SIGINT while the main one is in a call of a native library, which can take seconds. Node.js gives
// signals to the main thread alone; but of a script that may be broken off by SIGINT it takes the signal itself, whatever
// thread runs it, and when the script has been broken off, the next one ends the process, as in one that hears none.
try {
  runInThisContext('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)', { breakOnSigint: true });
} catch {
  parentPort?.postMessage('SIGINT');
}
