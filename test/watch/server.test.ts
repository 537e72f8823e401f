import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repeatCommand } from '../../src/cli/repeat.js';
import { hold } from '../../src/lock.js';
import type { Change } from '../../src/report/client/show.js';
import type { PageData } from '../../src/report/data.js';
import { writeRecord, type RunRecord } from '../../src/results/record.js';
import { serveFolder, type Watch } from '../../src/watch/server.js';
import { record } from '../record.js';
import { learnedCsv, syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

const rates = '+1e-03_+1e-07';
let dir: string;
let watch: Watch;
const start = () => serveFolder({ dir, port: 0, reach: 1, repeat: repeatCommand(dir), every: 20 });

beforeEach(async () => {
  dir = temporaryFolder();
  watch = await start();
});
afterEach(async () => {
  await watch.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks as no browser would: with the path and the headers as they are given. */
function ask(
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { port } = new URL(watch.url);
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (text: Buffer) => (body += text.toString()));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

/** What the server tells a page, one change after the other. */
async function follow(since = '', headers: Record<string, string> = {}) {
  const stop = new AbortController();
  const response = await fetch(`${watch.url}events?since=${since}`, { signal: stop.signal, headers });
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    type: response.headers.get('content-type'),
    close: () => stop.abort(),
    async next(): Promise<Change & { id: string }> {
      for (;;) {
        const [, event, rest] = /^([\s\S]*?)\n\n([\s\S]*)$/.exec(text) ?? [];
        if (event === undefined) {
          const { value, done } = await reader.read();
          if (done) throw new Error('the server has ended the line');
          text += decoder.decode(value);
          continue;
        }
        text = rest ?? '';
        const [, id, data] = /^id: (.*)\nevent: change\ndata: (.*)$/.exec(event) ?? [];
        if (data !== undefined) return { id: id ?? '', ...(JSON.parse(data) as Change) };
      }
    },
    /** The first change that is as it should be. */
    async until(wanted: (change: Change) => boolean): Promise<Change & { id: string }> {
      for (;;) {
        const change = await this.next();
        if (wanted(change)) return change;
      }
    },
  };
}

const dataIn = (page: string) => JSON.parse(/id="data">(.*)<\/script>/.exec(page)?.[1] ?? '') as PageData;

const running: RunRecord = {
  ...record,
  settings: { ...record.settings, method: 'sgd', seed: 1, batchSize: 128 },
  state: 'running',
  rows: { count: 1, sha256: null },
};

describe('what it serves', () => {
  it('is the page, the curves and the line, and nothing else', async () => {
    writeCsv(dir, `mlp/${rates}/adam.csv`, syntheticCsv());
    writeFileSync(join(dir, 'secret.txt'), 'secret');
    await expect.poll(async () => dataIn((await ask('/')).body).runs.length).toBe(1);
    const page = await ask('/');
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(await ask('/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    const [setting] = dataIn(page.body).settings;
    const curves = await ask(`/curves?by=epoch&of=${setting?.key}&of=unknown`);
    expect(JSON.parse(curves.body)).toEqual({
      [setting?.key ?? '']: expect.objectContaining({
        curves: expect.objectContaining({
          alpha: [
            [0, 1, 2, 3],
            [0.001, 0.001, 0.001, 0.001],
          ],
        }) as unknown,
      }) as unknown,
    });
    expect((await ask('/curves?by=time')).status).toBe(400);
    expect((await ask(`/curves?by=epoch${'&of=x'.repeat(65)}`)).status).toBe(400);

    for (const path of [
      ...['/secret.txt', '/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '//etc/passwd', '/etc/passwd'],
      ...[`/mlp/${rates}/adam.csv`, '/./', '/events/', '/curves/..', '/page/../', '/%00', '/index.html', 'http://x/'],
      ...['/..\\secret.txt', '/favicon.ico', '/curves/?by=epoch', '*'],
    ]) {
      expect(await ask(path), path).toMatchObject({
        status: 404,
        body: 'There is nothing here but the page itself.\n',
      });
    }
    const of = [`../${rates}`, '/etc/passwd', '__proto__', 'constructor'].map(
      (key) => `&of=${encodeURIComponent(key)}`,
    );
    expect((await ask(`/curves?by=epoch${of.join('')}`)).body).toBe('{}');
  });

  it('has what runs learn besides α, as it comes', async () => {
    const half = (text: string, lines: number) => text.split('\r\n').slice(0, lines).join('\r\n') + '\r\n';
    const [rows, learned] = [syntheticCsv(), learnedCsv({ mu: (i) => 1 / i, ['__proto__']: (i) => i })];
    const path = writeCsv(dir, `mlp/${rates}/hdm.csv.partial`, half(rows, 8));
    const more = writeCsv(dir, `mlp/${rates}/hdm.learned.csv.partial`, half(learned, 5));
    await expect.poll(async () => dataIn((await ask('/')).body).settings[0]?.learned).toEqual(['mu', '__proto__']);
    const curve = async (by: string) => {
      const { key } = dataIn((await ask('/')).body).settings[0]!;
      const answer = JSON.parse((await ask(`/curves?by=${by}&of=${key}`)).body) as Record<string, Served>;
      return answer[key]?.curves.learned.mu;
    };
    interface Served {
      readonly curves: { readonly learned: Record<string, readonly (readonly number[])[]> };
    }
    expect(await curve('iteration')).toEqual([
      [2, 3, 4, 5],
      [0.5, 0.333333, 0.25, 0.2],
    ]);
    // What is learned may reach the disk before its rows.
    writeFileSync(more, learned);
    writeFileSync(path, half(rows, 25));
    await expect.poll(async () => (await curve('iteration'))?.[0]?.at(-1)).toBe(24);
    writeFileSync(path, rows);
    await expect
      .poll(() => curve('epoch'))
      .toEqual([
        [1, 2, 3],
        [0.0909091, 0.047619, 0.0322581],
      ]);
    renameSync(path, path.replace('.partial', ''));
    renameSync(more, more.replace('.partial', ''));
    await expect.poll(async () => dataIn((await ask('/')).body).runs[0]?.state).toBe('finished');
    expect(dataIn((await ask('/')).body).settings[0]?.learned).toEqual(['mu', '__proto__']);
    expect((await curve('epoch'))?.[0]).toEqual([1, 2, 3]);
  });

  it('can only be read', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
      const { status, headers } = await ask('/', { method });
      expect({ status, allow: headers.allow }, method).toEqual({ status: 405, allow: 'GET, HEAD' });
    }
  });

  it('is for this machine alone, by its own names', async () => {
    const { port } = new URL(watch.url);
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example']) {
      for (const path of ['/', '/events', '/curves?by=epoch']) {
        expect((await ask(path, { headers: { host } })).status, host).toBe(403);
      }
    }
    // Another port, as through a tunnel, is as good.
    for (const host of [`localhost:${port}`, '127.0.0.1', 'LOCALHOST:9', '[::1]:9']) {
      expect((await ask('/', { headers: { host } })).status, host).toBe(200);
    }
    const other = { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' };
    expect((await ask('/curves?by=epoch', { headers: other })).status).toBe(403);
    expect((await ask('/events', { headers: other })).status).toBe(403);
    const { headers } = await ask('/');
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'cross-origin-resource-policy': 'same-origin' });
  });

  it('outlives what is no request, and lines that are cut', async () => {
    const { port } = new URL(watch.url);
    for (const text of ['\r\n\r\n', 'GET\r\n\r\n', '\x16\x03\x01', `GET / HTTP/1.1\r\nHost: ${'a'.repeat(20_000)}`]) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.end(text));
        socket.on('error', () => undefined).on('close', () => resolve());
        socket.resume();
      });
    }
    for (let line = 0; line < 5; line++) (await follow()).close();
    expect((await ask('/')).status).toBe(200);
  });
});

describe('a page that follows', () => {
  it('hears of runs that begin, grow, finish and go', async () => {
    const line = await follow();
    expect(line.type).toBe('text/event-stream');
    expect(await line.next()).toMatchObject({ reset: true, settings: [], runs: [] });

    const text = syntheticCsv();
    const stem = `mlp/${rates}/sgd`;
    const partial = writeCsv(dir, `${stem}.csv.partial`, text.slice(0, text.indexOf('\r\n2,12,') + 2));
    const lock = hold(join(dir, `${stem}.csv.lock`), { work: 'writing', wayOut: '' });
    writeRecord(join(dir, `${stem}.json`), { ...running, together: 3 });
    const begun = await line.until(({ runs }) => runs[0]?.state === 'running');
    // 2 epochs of ⌈60,000 / 128⌉ iterations, of which one has taken a hundredth of a second: a third of what three took.
    expect(begun.runs).toMatchObject([{ iteration: 11, last: 939, error: null, command: null }]);
    expect(begun.runs[0]?.secondsLeft).toBeCloseTo((3 * 928 * 0.11) / 10, 6);
    expect(begun.settings).toMatchObject([{ finished: 0, runs: 1, state: 'running' }]);
    expect(begun.settings[0]?.progress).toBeCloseTo(11 / 939, 12);

    appendFileSync(partial, text.slice(text.indexOf('\r\n2,12,') + 2));
    const grown = await line.until(({ runs }) => runs[0]?.iteration === 31);
    expect(grown.reset).toBe(false);
    expect(grown.settings[0]?.figures.loss.mean).toBeCloseTo(2.3 / 4.1, 12);
    expect(grown.settings[0]?.figures.reached.mean).toBe(13);

    lock.release();
    const ended = await line.until(({ runs }) => runs[0]?.state === 'interrupted');
    expect(ended.runs[0]?.command).toMatch(/^hypergrad train --model mlp --method sgd --dir \S+ --save --resume$/);

    rmSync(partial);
    writeCsv(dir, `${stem}.csv`, text);
    writeRecord(join(dir, `${stem}.json`), { ...running, state: 'finished', rows: { count: 31, sha256: null } });
    const finished = await line.until(({ settings }) => settings[0]?.figures.validAccuracy.mean === 0.5);
    expect(finished.runs).toMatchObject([{ state: 'finished', secondsLeft: null }]);

    rmSync(join(dir, 'mlp'), { recursive: true });
    expect(await line.until(({ reset }) => reset)).toMatchObject({ settings: [], runs: [] });
    line.close();
  });

  it('hears why a run has failed, and what tries it again', async () => {
    const stem = `mlp/${rates}/clip=0.5_seed=3/sgd_hd`;
    const settings = { ...running.settings, method: 'sgd_hd', alpha_0: 0.001, beta: 1e-7, clip: 0.5, seed: 3 };
    writeCsv(dir, `${stem}.csv.partial`, syntheticCsv());
    writeRecord(join(dir, `${stem}.json`), { ...running, settings, state: 'failed', error: 'no <space> left' });
    const line = await follow();
    const { runs } = await line.until((change) => change.runs.length > 0);
    expect(runs).toMatchObject([{ state: 'failed', error: 'no <space> left', seed: '3' }]);
    expect(runs[0]?.command).toMatch(
      /^hypergrad sweep --model mlp --method sgd_hd --beta 1e-7 --clip 0\.5.* --seed 3 .*--retryFailed$/,
    );
    line.close();
  });

  it('gets after a break what it has missed, and all where the server is another', async () => {
    writeCsv(dir, `mlp/${rates}/adam.csv`, syntheticCsv());
    const line = await follow();
    const before = await line.until(({ runs }) => runs.length === 1);
    line.close();
    writeCsv(dir, `mlp/${rates}/sgd.csv`, syntheticCsv());
    await expect.poll(async () => dataIn((await ask('/')).body).runs.length).toBe(2);

    // As the browser asks again by itself.
    const again = await follow('', { 'last-event-id': before.id });
    expect(await again.next()).toMatchObject({ reset: false, runs: [{ method: 'sgd' }] });
    again.close();

    await watch.close();
    watch = await start();
    await expect.poll(async () => dataIn((await ask('/')).body).runs.length).toBe(2);
    const other = await follow('', { 'last-event-id': before.id });
    const { reset, runs } = await other.next();
    expect({ reset, methods: runs.map(({ method }) => method) }).toEqual({ reset: true, methods: ['adam', 'sgd'] });
    other.close();
  });

  it('hears of what cannot be read, until it can', async () => {
    const path = writeCsv(dir, `mlp/${rates}/adam.csv`, 'not,a,result\n');
    const line = await follow();
    const { leftOut } = await line.until((change) => change.leftOut.length > 0);
    expect(leftOut).toEqual([expect.stringMatching(/adam\.csv: no column Epoch.*left out$/)]);
    writeFileSync(path, syntheticCsv());
    expect(await line.until((change) => change.runs.length > 0)).toMatchObject({
      leftOut: [],
      runs: [{ method: 'adam' }],
    });
    line.close();
  });
});

it('keeps what it has where the folder cannot be read', async () => {
  writeCsv(dir, `mlp/${rates}/adam.csv`, syntheticCsv());
  const line = await follow();
  await line.until((change) => change.runs.length === 1);
  renameSync(dir, `${dir}.away`);
  writeFileSync(dir, '');
  const gone = await line.until(({ leftOut, reset }) => leftOut.length > 0 || reset);
  // It may have looked in the moment when the name was free, which is to say that the runs have gone.
  if (!gone.reset) expect(gone).toMatchObject({ leftOut: [expect.stringMatching(/it is a file/)], runs: [] });
  rmSync(dir);
  renameSync(`${dir}.away`, dir);
  await expect
    .poll(async () => dataIn((await ask('/')).body))
    .toMatchObject({ runs: [{ method: 'adam' }], leftOut: [] });
  line.close();
});

it('shows a folder that is not there yet, once it is', async () => {
  await watch.close();
  rmSync(dir, { recursive: true });
  watch = await start();
  expect((await ask('/')).body).toContain('There are no runs in');
  mkdirSync(dir);
  writeCsv(dir, `mlp/${rates}/adam.csv`, syntheticCsv());
  await expect.poll(async () => dataIn((await ask('/')).body).runs.length).toBe(1);
});

it('refuses a port that another program has', async () => {
  const { port } = new URL(watch.url);
  await expect(serveFolder({ dir, port: Number(port), repeat: () => '' })).rejects.toThrow(
    `Port ${port} cannot be had: another program has it. Give another, or --port 0 for any that is free.`,
  );
});
