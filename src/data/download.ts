import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { RunFailure } from '../errors.js';
import { fileError } from '../files.js';
import { proxyHint } from './proxy.js';
import { regularSize } from './regular.js';

export interface DownloadOptions {
  readonly url: string;
  /** The file to make. Until it is whole and checked, what has come is in `<target>.partial`. */
  readonly target: string;
  /** MD5 of the whole file, in hexadecimal. */
  readonly md5: string;
  /** A sentence: what to do where the server cannot be reached or refuses. */
  readonly wayOut: string;
  /** Once aborted, the download rejects with its reason; what has come stays. */
  readonly signal?: AbortSignal | undefined;
  /** Called whenever bytes have come, with the bytes so far and in all; `total` is undefined where nobody knows. */
  readonly onBytes?: ((received: number, total: number | undefined) => void) | undefined;
  /** Milliseconds that the server may be silent. */
  readonly patience?: number | undefined;
}

/** A source that is out of reach, refuses, or sends something else: another may serve. */
export class OutOfReach extends RunFailure {
  override name = 'OutOfReach';
  /** What is wrong, without a way out. */
  readonly reason: string;

  constructor(reason: string, wayOut: string) {
    super(`${reason}. ${wayOut}`);
    this.reason = reason;
  }
}

/**
 * Fetches a file over HTTP. It goes on from an earlier partial file where the server takes part requests; the target
 * appears only once its MD5 is right.
 *
 * @throws OutOfReach where the server cannot be reached or refuses, or the MD5 is wrong; only then is the partial file
 * discarded.
 * @throws RunFailure where the connection breaks or the disk fails, UsageError where the target cannot be written.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, target, md5, wayOut, signal, onBytes, patience = 30_000 } = options;
  const partial = `${target}.partial`;
  const present = existsSync(partial) ? regularSize(partial) : 0;
  const silence = new AbortController();
  const timer = setTimeout(() => {
    silence.abort(new Error(`nothing came for ${patience / 1000} s`));
  }, patience);
  const ended = AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]);
  try {
    const response = await request({ url, present, wayOut, signal, ended });
    const heard = (received: number, total: number | undefined) => {
      timer.refresh();
      onBytes?.(received, total);
    };
    // 416: there are no bytes after those present. Whether they are the right ones, the MD5 tells.
    if (response.status !== 416) await receive(response, { url, partial, present, signal, onBytes: heard });
  } finally {
    clearTimeout(timer);
  }
  const found = await md5Of(partial, signal);
  if (found !== md5) {
    await rm(partial);
    throw new OutOfReach(
      `What came from ${url} is not the file expected (its MD5 is ${found}, not ${md5}); it was discarded`,
      'Try again.',
    );
  }
  await rename(partial, target).catch((error: unknown) => {
    throw fileError(target, error);
  });
}

/** MD5 of a file, in hexadecimal. */
export async function md5Of(path: string, signal?: AbortSignal): Promise<string> {
  regularSize(path);
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

interface Request extends Pick<DownloadOptions, 'url' | 'wayOut' | 'signal'> {
  readonly present: number;
  /** Aborted by `signal`, or where the server is silent. */
  readonly ended: AbortSignal;
}

async function request({ url, present, wayOut, signal, ended }: Request): Promise<Response> {
  // No content coding: the bytes must be those of the file.
  const headers = { 'accept-encoding': 'identity', ...(present > 0 && { range: `bytes=${present}-` }) };
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: ended });
  } catch (error) {
    signal?.throwIfAborted();
    throw new OutOfReach(`Cannot reach ${url}: ${reasonOf(error)}${proxyHint()}`, wayOut);
  }
  if (response.ok) return response;
  // A body that nobody reads would hold the connection, and the process with it.
  await response.body?.cancel();
  if (response.status === 416 && present > 0) return response;
  const answer = `${response.status} ${response.statusText}`.trim();
  throw new OutOfReach(`${url} answers ${answer}`, wayOut);
}

interface Reception extends Pick<DownloadOptions, 'url' | 'signal' | 'onBytes'> {
  readonly partial: string;
  readonly present: number;
}

async function receive(response: Response, { url, partial, present, signal, onBytes }: Reception): Promise<void> {
  // A server that takes no part requests answers 200 and sends the file from its start.
  const resumed = response.status === 206;
  let received = resumed ? present : 0;
  const length = response.headers.get('content-length');
  const total = length === null ? undefined : received + Number(length);
  const body = (response.body ?? []) as AsyncIterable<Uint8Array>;
  let file: FileHandle | undefined;
  try {
    file = await open(partial, resumed ? 'a' : 'w');
    onBytes?.(received, total);
    for await (const chunk of body) {
      await file.writeFile(chunk);
      received += chunk.length;
      onBytes?.(received, total);
    }
  } catch (error) {
    signal?.throwIfAborted();
    const fault = fileError(partial, error);
    if (fault !== error) throw fault;
    throw new RunFailure(
      `The download of ${url} broke off after ${received} bytes: ${reasonOf(error)}. ` +
        'Run the command again to go on from there.',
    );
  } finally {
    await file?.close();
  }
}

/** What went wrong underneath: fetch itself says no more than 'fetch failed' or 'terminated'. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause, message, code } = error as NodeJS.ErrnoException;
  // Of several addresses tried in vain, only the code says why. For HTTP 407, fetch gives no reason at all.
  const reasons = [cause === undefined ? '' : reasonOf(cause), message, code];
  return reasons.find(Boolean) ?? 'no reason is given, as where a proxy asks for a password (HTTP 407)';
}
