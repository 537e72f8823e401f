import { say } from './output.js';
import { isInteractive } from './terminal.js';

export interface ByteProgress {
  /** Says something that stays. */
  line(this: void, text: string): void;
  /** Takes note of the bytes so far and in all; fewer than before are those of the next file. */
  bytes(this: void, received: number, total: number | undefined): void;
  /** No more bytes will come. */
  done(this: void): void;
}

/** Tells on standard error how a download goes: on a terminal in a line that renews itself, otherwise each tenth. */
export function byteProgress(): ByteProgress {
  const { stderr } = process;
  let shown = false;
  let latest = { received: 0, time: 0 };

  const done = () => {
    if (shown) stderr.write('\r\x1b[K');
    shown = false;
  };
  const line = (text: string) => {
    done();
    say(text);
    latest = { received: 0, time: 0 };
  };
  const renew = (received: number, total: number | undefined) => {
    const time = performance.now();
    if (time - latest.time < 250) return;
    const rate =
      latest.time === 0 ? '' : `  ${megabytes(((received - latest.received) / (time - latest.time)) * 1000)}/s`;
    stderr.write(`\r${share(received, total)}${rate}\x1b[K`);
    latest = { received, time };
    shown = true;
  };
  const tell = (received: number, total: number | undefined) => {
    const tenths = (count: number) => Math.floor((10 * count) / (total ?? Infinity));
    const reached = tenths(received) > tenths(latest.received);
    latest = { received, time: 0 };
    if (reached) say(share(received, total));
  };
  return { line, bytes: isInteractive(stderr) ? renew : tell, done };
}

function share(received: number, total: number | undefined): string {
  if (total === undefined) return megabytes(received);
  return `${megabytes(received)} of ${megabytes(total)}, ${Math.floor((100 * received) / total)} %`;
}

function megabytes(count: number): string {
  return `${(count / 1e6).toFixed(1)} MB`;
}
