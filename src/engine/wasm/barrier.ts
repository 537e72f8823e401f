import { i32, repeat, Routine, when, type Local } from './assembler.js';

/**
 * The memory's first bytes, as indices of int32: the number of the job that the second thread is to do, what it is, whether that
 * thread is there; and for each thread, in lines of their own, how often it has come to a barrier, and whether it sleeps there.
 */
export const control = { job: 0, arguments: 1, ready: 8, arrived: 32, asleep: 64, end: 512 } as const;

/** Bytes between what two threads write. */
const line = 64;
/** How often a thread looks before it sleeps: some tenths of a millisecond, within which a thread that was held up is back. */
const looks = 200_000;

/** A function `(thread)` that returns when both threads have called it. */
export function barrierRoutine(): Routine {
  const routine = new Routine(['i32']);
  const [thread] = routine.parameters as [Local];
  const [mine, theirs, round, left, seen] = Array.from({ length: 5 }, () => routine.local('i32')) as [
    ...[Local, Local, Local, Local, Local],
  ];
  const [arrived, asleep] = [4 * control.arrived, 4 * control.asleep];
  const isBehind = i32.less(i32.sub(seen.get, round.get), i32.const(0));
  const look = seen.set(i32.atomicLoad(theirs.get, arrived));
  routine.body = [
    mine.set(i32.mul(thread.get, i32.const(line))),
    theirs.set(i32.sub(i32.const(line), mine.get)),
    round.set(i32.add(i32.atomicLoad(mine.get, arrived), i32.const(1))),
    i32.atomicStore(mine.get, round.get, arrived),
    when(i32.atomicLoad(theirs.get, asleep), i32.notify(i32.add(mine.get, i32.const(arrived)))),
    left.set(i32.const(looks)),
    repeat([look, left.set(i32.sub(left.get, i32.const(1)))], i32.and(isBehind, i32.less(i32.const(0), left.get))),
    when(isBehind, [
      i32.atomicStore(mine.get, i32.const(1), asleep),
      look,
      when(isBehind, repeat([i32.wait(i32.add(theirs.get, i32.const(arrived)), seen.get), look], isBehind)),
      i32.atomicStore(mine.get, i32.const(0), asleep),
    ]),
  ];
  return routine;
}
