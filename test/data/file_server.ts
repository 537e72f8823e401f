import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  /** Address of the server, without a slash at its end. */
  readonly url: string;
  /** `Range` of every request so far. */
  readonly ranges: (string | undefined)[];
  /** Files by their path; may be changed. */
  files: Record<string, Uint8Array>;
  /** Whether part requests are honoured. */
  takesRanges: boolean;
  /** Bytes of a response after which the connection breaks or, with `stalls`, nothing more comes. */
  stopsAfter: number;
  stalls: boolean;
  /** Whether requests are never answered. */
  ignores: boolean;
  /** Status of the answer to a request for what is not among the files. */
  refusal: number;
  close(): Promise<void>;
}

/** A server on the loopback that sends files, and fails as it is told. */
export async function fileServer(files: Record<string, Uint8Array>): Promise<FileServer> {
  const server = createServer(({ url = '', headers: { range } }, response) => {
    self.ranges.push(range);
    if (self.ignores) return;
    const file = self.files[url];
    if (file === undefined) {
      response.writeHead(self.refusal).end('not here');
      return;
    }
    const start = self.takesRanges ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) : 0;
    if (start > 0 && start >= file.length) {
      response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
      return;
    }
    const body = file.subarray(start);
    const part = { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` };
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': body.length, ...(start > 0 && part) });
    if (body.length <= self.stopsAfter) response.end(body);
    else {
      // The client is given the time to read something.
      response.write(body.subarray(0, self.stopsAfter), () => self.stalls || setTimeout(() => response.destroy(), 100));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const self: FileServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges: [],
    files,
    takesRanges: true,
    stopsAfter: Infinity,
    stalls: false,
    ignores: false,
    refusal: 404,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return self;
}
