import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decodeSafetensors, encodeSafetensors } from '../../src/run/safetensors.js';
import { filesBelow, hypergrad, withoutTimes } from '../../test/cli/hypergrad.js';
import { cifar10Archive, cifar10Files, put } from '../../test/data/cifar10_files.js';
import { tinyMnist } from '../../test/data/tiny_mnist.js';
import { spoiled, spoiledJson } from '../../test/spoiled.js';
import { syntheticCsv } from '../../test/synthetic.js';
import { chance, type Chance } from './chance.js';
import { hands, type Ended } from './hands.js';
import type { PartOptions } from './part.js';
import { misconduct, shortfall } from './said.js';

/** Broken results, records, checkpoints and data: each is refused or passed over in a line, and nothing whole is touched. */
export async function inputs({ count, seed, folder, tally }: PartOptions): Promise<void> {
  const template = join(folder, 'template');
  const whole = await prepare(template);
  const cwd = join(folder, 'here');
  const worker = hands(folder);
  try {
    for (let index = 0; index < count; index++) {
      rmSync(cwd, { recursive: true, force: true });
      cpSync(template, cwd, { recursive: true });
      // How long what is spoiled is, and with it how often chance is asked, differs from time to time.
      const random = chance(1_000_000 * seed + index);
      const kind = random.one(kinds);
      const { args, judge } = cases[kind]({ cwd, random, whole });
      const before = contents(cwd);
      const ended = await worker.run({ args, cwd });
      tally.tried(kind);
      const fault = misconduct(ended) ?? judge(ended, changed(before, contents(cwd)));
      if (fault !== undefined) tally.short(shortfall(`${index} (${kind}): ${fault}`, args.join(' '), ended));
    }
  } finally {
    worker.close();
  }
}

/** What is whole: an interrupted run, a finished one, data, an archive. */
interface Whole {
  /** The finished run's rows, but for their times; and those of the interrupted one, once it has been resumed. */
  readonly finished: string;
  readonly resumed: string;
  /** How far the interrupted run is to go. */
  readonly iterations: string;
  readonly tar: Uint8Array;
}

interface Broken {
  readonly args: readonly string[];
  /** What is wrong with how it ended, and with the files that it changed or made. */
  readonly judge: (ended: Ended, touched: readonly string[]) => string | undefined;
}

interface Room {
  readonly cwd: string;
  readonly random: Chance;
  readonly whole: Whole;
}

const stem = 'logreg/+1e-03_+1e-07/adam_hd';
const settings = ['train', '--method', 'adam_hd', '--beta', '1e-7', '--batchSize', '8', '--save', '--silent'];
const finishedRun = [...settings, '--dir', 'finished', '--iterations', '9'];

async function prepare(cwd: string): Promise<Whole> {
  put(join(cwd, 'data'), tinyMnist(40, 10));
  put(join(cwd, 'cifar'), cifar10Files(2));
  const csv = Buffer.from(syntheticCsv());
  for (const name of ['one', 'other']) put(join(cwd, name, stem, '..'), { 'adam_hd.csv': csv });
  await wellDone(finishedRun, cwd);
  cpSync(join(cwd, 'finished'), join(cwd, 'kept'), { recursive: true });
  const interrupted = settings.filter((arg) => arg !== '--silent');
  await hypergrad([...interrupted, '--dir', 'interrupted', '--epochs', '0'], {
    cwd,
    whileRunning: (stderr, kill) => {
      if (/^epoch 1 /m.test(stderr)) kill('SIGTERM');
    },
  });
  const record = JSON.parse(readFileSync(join(cwd, 'interrupted', `${stem}.json`), 'utf8')) as {
    final: { iteration: number };
  };
  const iterations = String(record.final.iteration + 3);
  const aside = join(cwd, '..', 'aside');
  await wellDone([...settings, '--dir', aside, '--epochs', '0', '--iterations', iterations], cwd);
  return {
    finished: withoutTimes(join(cwd, 'finished', `${stem}.csv`)),
    resumed: withoutTimes(join(aside, `${stem}.csv`)),
    iterations,
    tar: gunzipSync(await cifar10Archive(cifar10Files(1))),
  };
}

async function wellDone(args: readonly string[], cwd: string): Promise<void> {
  const { code, stderr } = await hypergrad(args, { cwd });
  if (code !== 0) throw new Error(stderr);
}

/** The files of a folder by their paths. */
function contents(folder: string): Map<string, string> {
  return new Map(filesBelow(folder).map((path) => [path, readFileSync(join(folder, path), 'latin1')]));
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path));
}

const cases = {
  'a results file'({ cwd, random }: Room): Broken {
    const path = join(cwd, 'other', `${stem}.csv`);
    const good = readFileSync(path);
    writeFileSync(path, random.seldom(2) ? spoiled(good, random.source) : spoiledCsv(good.toString(), random));
    const same = rowsOf(readFileSync(path, 'utf8')) === rowsOf(good.toString());
    const judge: Broken['judge'] = ({ code, stderr }, touched) => {
      if (args[0] === 'compare' && code === 0 && !same && stderr === '') return 'a damaged result is taken as good';
      return touchedBesides(touched, /^(plots\/logreg\.svg|report\.html)$/);
    };
    const args = reader(random, 'other');
    return { args, judge };
  },

  'a results file, beside its record'({ cwd, random }: Room): Broken {
    const path = join(cwd, 'finished', `${stem}.csv`);
    const good = readFileSync(path);
    const bad = spoiled(good, random.source);
    writeFileSync(path, bad);
    const same = good.equals(bad);
    const args = random.one([reader(random, 'finished'), reader(random, 'finished'), [...finishedRun, '--resume']]);
    return {
      args,
      judge({ code, stderr }, touched) {
        if (code === 0 && !same && stderr === '') return 'a damaged result is taken as good';
        return touchedBesides(touched, /^(plots\/logreg\.svg|report\.html)$/);
      },
    };
  },

  'a record'({ cwd, random, whole }: Room): Broken {
    const path = join(cwd, 'finished', `${stem}.json`);
    const good = readFileSync(path);
    const bad = random.seldom(3) ? spoiled(good, random.source) : spoiledJson(good.toString(), random.source);
    writeFileSync(path, bad);
    const training = random.one([[], ['--resume'], ['--overwrite']]);
    const args = random.seldom(2) ? reader(random, 'finished') : [...finishedRun, ...training];
    return {
      args,
      judge(_, touched) {
        if (args[0] !== 'train') return touchedBesides(touched, /^(plots\/logreg\.svg|report\.html)$/);
        const rows = withoutTimes(join(cwd, 'finished', `${stem}.csv`));
        if (rows !== whole.finished) return 'the results are others';
        return touchedBesides(touched, /^finished\/.*adam_hd\.(csv|json)$/);
      },
    };
  },

  'a checkpoint'({ cwd, random, whole }: Room): Broken {
    const path = join(cwd, 'interrupted', `${stem}.checkpoint.safetensors`);
    const good = readFileSync(path);
    const bad = random.seldom(4) ? foreign(good, random) : spoiled(good, random.source);
    writeFileSync(path, bad);
    return resumed(cwd, whole, !good.equals(bad));
  },

  'a checkpoint, sealed anew'({ cwd, random, whole }: Room): Broken {
    const path = join(cwd, 'interrupted', `${stem}.checkpoint.safetensors`);
    writeFileSync(path, sealedAnew(readFileSync(path), random));
    const { args, judge } = resumed(cwd, whole, false);
    // What is of the right kind and only another number, nobody can tell from the run's own.
    return { args, judge: (ended, touched) => (ended.code === 0 ? undefined : judge(ended, touched)) };
  },

  'rows of an interrupted run'({ cwd, random, whole }: Room): Broken {
    const path = join(cwd, 'interrupted', `${stem}.csv.partial`);
    writeFileSync(path, spoiled(readFileSync(path), random.source));
    return resumed(cwd, whole, false);
  },

  MNIST({ cwd, random }: Room): Broken {
    const name = random.one(Object.keys(tinyMnist(1, 1)));
    const path = join(cwd, 'data', name);
    const bytes = readFileSync(path);
    const zipped = random.seldom(3);
    if (zipped) rmSync(path);
    writeFileSync(zipped ? `${path}.gz` : path, spoiled(zipped ? gzipSync(bytes) : bytes, random.source));
    return {
      args: ['train', '--data', 'data', '--iterations', '1'],
      judge: ({ code, stderr }, touched) =>
        code === 2 && !stderr.includes(name) ? `it does not name ${name}` : touchedBesides(touched, /^$/),
    };
  },

  'CIFAR-10'({ cwd, random }: Room): Broken {
    const name = random.one(Object.keys(cifar10Files(1)));
    const path = join(cwd, 'cifar', name);
    writeFileSync(path, spoiled(readFileSync(path), random.source));
    const listing = random.seldom(20);
    return {
      args: listing ? ['data', '--data', 'cifar'] : ['data', 'cifar10', '--data', 'cifar', '--url', nowhere],
      judge: (_, touched) => touchedBesides(touched, /^$/),
    };
  },

  'an archive of CIFAR-10'({ cwd, random, whole }: Room): Broken {
    const good = gzipSync(whole.tar, { level: 1 });
    const bad = random.seldom(2)
      ? spoiled(good, random.source)
      : gzipSync(spoiled(whole.tar, random.source), { level: 1 });
    put(join(cwd, 'new'), { 'cifar-10-binary.tar.gz': bad });
    const md5 = createHash('md5')
      .update(random.seldom(4) ? good : bad)
      .digest('hex');
    return {
      args: ['data', 'cifar10', '--data', 'new', '--url', nowhere, '--md5', md5],
      judge: ({ code }, touched) => touchedBesides(touched, code === 0 ? /^new\/cifar-10-batches-bin\// : /^$/),
    };
  },
} as const satisfies Record<string, (room: Room) => Broken>;

type Kind = keyof typeof cases;
const kinds = Object.keys(cases) as Kind[];

/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:9/';

/** A command that reads results. */
function reader(random: Chance, dir: string): string[] {
  const good = dir === 'finished' ? 'kept' : 'one';
  return random.one([
    ['compare', good, dir, '--tolerance', '0'],
    ['compare', dir, good, '--tolerance', '0', '--json'],
    ['plot', '--dir', dir, '--format', 'svg'],
    ['report', '--dir', dir],
  ]);
}

function touchedBesides(touched: readonly string[], allowed: RegExp): string | undefined {
  const astray = touched.filter((path) => !allowed.test(path));
  return astray.length === 0 ? undefined : `it changed ${astray.join(', ')}`;
}

/** Goes on with an interrupted run: it ends as one that nobody interrupted, or is refused and nothing changes. */
function resumed(cwd: string, { iterations, resumed }: Whole, mustRefuse: boolean): Broken {
  return {
    args: [...settings, '--dir', 'interrupted', '--epochs', '0', '--iterations', iterations, '--resume'],
    judge({ code }, touched) {
      if (code !== 0) return touchedBesides(touched, /^$/);
      if (mustRefuse) return 'a damaged checkpoint is taken as good';
      const rows = withoutTimes(join(cwd, 'interrupted', `${stem}.csv`));
      return rows === resumed ? undefined : 'the results are others';
    },
  };
}

/** A checkpoint whose contents are other ones, with the SHA-256 of those. */
function sealedAnew(good: Uint8Array, random: Chance): Uint8Array {
  const { metadata, arrays } = decodeSafetensors(good);
  const text = spoiledJson(JSON.stringify(Object.fromEntries(metadata)), random.source);
  const inner = metadata.get('run') ?? '{}';
  const run = random.seldom(2) ? spoiledJson(inner, random.source) : inner;
  const header = random.seldom(2)
    ? { ...Object.fromEntries(metadata), run }
    : ((JSON.parse(text) ?? {}) as Record<string, string>);
  const dropped = random.seldom(2) ? random.one([...arrays.keys()]) : undefined;
  const sources = [...arrays].flatMap(([name, { shape, values }]) => {
    if (name === dropped || name === 'sha256') return [];
    const type = values instanceof Float64Array ? 'F64' : values instanceof Uint32Array ? 'U32' : 'F32';
    return [{ name, type, shape, values: () => values } as const];
  });
  const hash = createHash('sha256');
  const seal = { name: 'sha256', type: 'U8', shape: [32], values: () => hash.copy().digest() } as const;
  const parts: Uint8Array[] = [];
  for (const part of encodeSafetensors([...sources, seal], header)) {
    parts.push(Buffer.from(part));
    hash.update(part);
  }
  return Buffer.concat(parts);
}

/** Files of another kind or version. */
function foreign(good: Buffer, random: Chance): Uint8Array {
  const text = good.toString('latin1');
  return random.one([
    Buffer.alloc(0),
    Buffer.from('{}'),
    gzipSync(good),
    Buffer.alloc(good.length),
    Buffer.from(text.replace('"version":"1"', '"version":"2"'), 'latin1'),
    Buffer.from(text.replace('hypergrad checkpoint', 'hypergrad checkpoinT'), 'latin1'),
    Buffer.concat([good, good]),
  ]);
}

/** What other programs and people do to a table. */
function spoiledCsv(text: string, random: Chance): string {
  const rows = text.split('\r\n').map((line) => line.split(','));
  const [row, column] = [random.below(rows.length), random.below(9)];
  const odd = [
    '',
    'x',
    '1e400',
    '0x10',
    'None',
    '-',
    '1,5',
    '"',
    '"a',
    '\x1b[31m',
    '\u202e',
    '\ufeff',
    '🙂',
    'x'.repeat(50_000),
    '1 000',
    '-1',
    '1.5',
  ];
  const [a, b] = [random.below(9), random.below(9)];
  const joined = (lines: readonly (readonly string[])[], separator = ',', end = '\r\n') =>
    lines.map((fields) => fields.join(separator)).join(end);
  return random.one([
    () =>
      joined(
        rows.map((fields, index) => (index === row ? fields.with(column % fields.length, random.one(odd)) : fields)),
      ),
    () => joined(rows.map((fields, index) => (index === row ? [...fields, random.one(odd)] : fields))),
    () => joined(rows.map((fields) => fields.filter((_, index) => index !== column))),
    () => joined(rows.map((fields) => (fields.length < 9 ? fields : fields.with(a, fields[b]!).with(b, fields[a]!)))),
    () => joined([...rows.slice(0, row), rows[random.below(rows.length)]!, ...rows.slice(row)]),
    () => joined(rows.slice(1)),
    () => joined(rows, random.one([';', '\t', ', ', '|']), random.one(['\r\n', '\n', '\r', ''])),
    () => `\ufeff${joined(rows)}`,
    () => joined(rows) + joined(rows),
    () => joined(rows.toReversed()),
    () => Buffer.from(`\ufeff${text}`, 'utf16le').toString('latin1'),
    () => joined(rows.slice(0, random.below(3))),
  ])();
}

/** What is compared of a results file, as a reader has it who knows no more than its columns. */
function rowsOf(text: string): string {
  const [header = [], ...rows] = text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== '')
    .map((line) => line.split(',').map((field) => field.replaceAll(/^[\s"]+|[\s"]+$/g, '')))
    .filter((fields) => fields.length > 1 || fields[0] !== ''); // a mark alone on its line
  const compared = ['Iteration', 'Loss', 'LossEpoch', 'ValidLossEpoch', 'Alpha', 'AlphaEpoch'];
  return rows.map((row) => compared.map((name) => Number(row[header.indexOf(name)])).join()).join('\n');
}
