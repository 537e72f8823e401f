import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../errors.js';
import { reasonOf } from '../files.js';
import type { Change, Stamp } from '../report/client/show.js';
import type { Repeat } from '../report/data.js';
import { reportPage } from '../report/page.js';
import type { By } from '../report/run.js';
import { watchedFolder, type Folder } from './folder.js';

export interface WatchOptions {
  /** The results folder; it need not be there yet. */
  readonly dir: string;
  /** 0: any that is free. */
  readonly port: number;
  /** The loss whose first iteration is told; undefined: of none. */
  readonly reach?: number | undefined;
  readonly repeat: Repeat;
  /** Milliseconds between two looks at the folder, where a look takes little. */
  readonly every?: number;
}

export interface Watch {
  /** Where the page is. */
  readonly url: string;
  /** Resolves when the server has ended. */
  close(): Promise<void>;
}

/** Only this machine can reach it. */
const host = '127.0.0.1';
/** Looking at a folder takes at most a tenth of a core: the runs need them. */
const restFactor = 9;
/** Milliseconds after which a line that was silent shows that it is there. */
const beat = 15_000;
/** Milliseconds after which a page that has lost the server tries again. */
const retry = 1000;
/** Pages that follow at once; bytes that one may be behind; settings whose curves are asked for at once. */
const [mostPages, mostBehind, mostAsked] = [64, 64e6, 64];

/**
 * Serves the page of a results folder to this machine, and what changes in it while runs go on. It reads the results folder,
 * and whatever is asked, nothing else; it writes nothing.
 *
 * @throws UsageError where the port cannot be had.
 */
export async function serveFolder({ dir, port, reach, repeat, every = 1000 }: WatchOptions): Promise<Watch> {
  const pages = new Map<ServerResponse, Stamp>();
  const folder = watchedFolder({ dir, reach, repeat, changed: () => tellPages(pages, folder) });
  const server = createServer((request, response) => {
    answer(request, response, { folder, pages }).catch(() => response.destroy());
  });
  server.maxConnections = 4 * mostPages;
  const url = await listening(server, port);

  const stop = new AbortController();
  const looking = lookAgain(folder, every, stop.signal);
  const beating = setInterval(() => {
    for (const page of pages.keys()) page.write(':\n\n');
  }, beat);
  beating.unref();
  return {
    url,
    async close() {
      stop.abort();
      clearInterval(beating);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, looking]);
    },
  };
}

type Server = ReturnType<typeof createServer>;

function listening(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program has it' : reasonOf(error);
      reject(new UsageError(`Port ${port} cannot be had: ${why}. Give another, or --port 0 for any that is free.`));
    });
    server.listen(port, host, () => resolve(`http://${host}:${(server.address() as AddressInfo).port}/`));
  });
}

async function lookAgain(folder: Folder, every: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const before = process.cpuUsage();
    await folder.look(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    const { user, system } = process.cpuUsage(before);
    await sleep(Math.max(every, (restFactor * (user + system)) / 1000), undefined, { signal }).catch(() => undefined);
  }
}

interface Served {
  readonly folder: Folder;
  readonly pages: Map<ServerResponse, Stamp>;
}

async function answer(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const { method = '', url = '', headers } = request;
  const [path, query] = url.split('?', 2);
  if (!isOurs(headers.host)) {
    refuse(response, 403, 'This page is for this machine alone: open it at 127.0.0.1 or localhost.');
  } else if (path !== '/' && /^(cross|same)-site$/.test(String(headers['sec-fetch-site'] ?? ''))) {
    refuse(response, 403, 'Only the page itself may ask for this.');
  } else if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    refuse(response, 405, 'It can only be read.');
  } else if (path === '/') {
    const { folder } = served;
    send(response, 200, 'text/html; charset=utf-8', reportPage(folder.data(), { live: folder.stamp() }), method);
  } else if (path === '/curves') await sendCurves(response, query, method, served.folder);
  else if (path === '/events') openLine(request, response, query, served);
  else refuse(response, 404, 'There is nothing here but the page itself.');
}

/** A page from elsewhere, whose name has been made to lead to this machine, asks with that name. */
function isOurs(name: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(name ?? '');
}

function refuse(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`, 'GET');
}

function send(response: ServerResponse, status: number, type: string, body: string, method: string): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...always, 'Content-Type': type, 'Content-Length': bytes.length });
  response.end(method === 'HEAD' ? undefined : bytes);
}

/** No other site may read it, show it in a frame, or take it for a script. */
const always = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

async function sendCurves(response: ServerResponse, query: string | undefined, method: string, folder: Folder) {
  const asked = new URLSearchParams(query);
  const by = (['epoch', 'iteration'] as const satisfies By[]).find((each) => each === asked.get('by'));
  const keys = asked.getAll('of');
  if (!by || keys.length > mostAsked) {
    refuse(response, 400, `It takes by=epoch or by=iteration, and of=<setting>, ${mostAsked} times at most.`);
    return;
  }
  const curves = await folder.curves(keys, by);
  send(response, 200, 'application/json', JSON.stringify(curves), method);
}

/** Begins to tell a page what changes: at once what it lacks, from then on what comes. */
function openLine(
  request: IncomingMessage,
  response: ServerResponse,
  query: string | undefined,
  { folder, pages }: Served,
): void {
  if (pages.size >= mostPages) {
    refuse(response, 503, `${mostPages} pages follow already; close one.`);
    return;
  }
  response.writeHead(200, { ...always, 'Content-Type': 'text/event-stream' });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.write(`retry: ${retry}\n\n`);
  // After a break, the browser itself tells what it last had.
  const last = request.headers['last-event-id'];
  const since = stampOf(typeof last === 'string' ? last : new URLSearchParams(query).get('since'));
  pages.set(response, since);
  response.on('close', () => pages.delete(response));
  tellPages(new Map([[response, since]]), folder, pages);
}

function stampOf(text: string | null): Stamp {
  const [, instance = '', version = '0'] = /^([\w-]+)-(\d+)$/.exec(text ?? '') ?? [];
  return { instance, version: Number(version) };
}

/** Sends pages what they lack, and notes in `all` what they then have. */
function tellPages(some: ReadonlyMap<ServerResponse, Stamp>, folder: Folder, all = some as Served['pages']): void {
  const made = new Map<string, { readonly text: string; readonly stamp: Change }>();
  for (const [page, since] of some) {
    if (page.writableLength > mostBehind) {
      page.destroy(); // it comes again when it can
      continue;
    }
    const id = `${since.instance}-${since.version}`;
    let event = made.get(id);
    if (!event) {
      const change = folder.changesSince(since);
      if (!change) continue;
      const text = `id: ${change.instance}-${change.version}\nevent: change\ndata: ${JSON.stringify(change)}\n\n`;
      event = { text, stamp: change };
      made.set(id, event);
    }
    page.write(event.text);
    all.set(page, { instance: event.stamp.instance, version: event.stamp.version });
  }
}
