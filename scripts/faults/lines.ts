import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syntheticCsv, writeCsv } from '../../test/synthetic.js';
import { tinyMnist } from '../../test/data/tiny_mnist.js';
import { put } from '../../test/data/cifar10_files.js';
import { chance, type Chance } from './chance.js';
import { hands, type Ended } from './hands.js';
import type { PartOptions } from './part.js';
import { misconduct, shortfall } from './said.js';

/**
 * Odd command lines: of each is known beforehand whether it is right, wrong by a part that the message must name, or
 * anything at all.
 */
export async function lines({ count, seed, folder, tally }: PartOptions): Promise<void> {
  const random = chance(seed);
  const template = join(folder, 'template');
  prepare(template);
  const room = join(folder, 'room');
  const cwd = join(room, 'here');
  const worker = hands(folder);
  try {
    for (let index = 0; index < count; index++) {
      const line = oddLine(random);
      rmSync(room, { recursive: true, force: true });
      mkdirSync(room);
      cpSync(template, cwd, { recursive: true });
      const ended = await worker.run({ args: line.args, cwd });
      tally.tried(line.kind);
      const fault = misconduct(ended) ?? misjudged(line, ended) ?? strayed(room);
      if (fault !== undefined) {
        tally.short(shortfall(`${index} (${line.kind}): ${fault}`, line.args.map(quoted).join(' '), ended));
      }
    }
  } finally {
    worker.close();
  }
}

/** Data of 40 images and results of two runs: what the lines are about when they are right. */
function prepare(folder: string): void {
  put(join(folder, 'data'), tinyMnist(40, 10));
  for (const dir of ['results', 'other']) {
    for (const method of ['adam', 'sgd_hd'])
      writeCsv(join(folder, dir), `mlp/+1e-03_+1e-07/${method}.csv`, syntheticCsv());
  }
}

interface Judged {
  readonly args: readonly string[];
  /** Exit codes that fit. */
  readonly codes: readonly number[];
  /** What the message must name, where it is refused: the option or the word that is wrong. */
  readonly names?: string;
}

interface Line extends Judged {
  readonly kind: string;
}

function misjudged({ codes, names }: Line, { code, stdout, stderr }: Ended): string | undefined {
  if (code === undefined || !codes.includes(code)) return `expected exit code ${codes.join(' or ')}`;
  if (code !== 0 && names !== undefined && !stderr.includes(names)) return `the message does not name ${names}`;
  if (code === 2 && stdout !== '') return 'data on standard output, and exit code 2';
  return undefined;
}

/** Whether something was written beside the folder that the command worked in. */
function strayed(room: string): string | undefined {
  const found = readdirSync(room);
  return found.join() === 'here' ? undefined : `it left ${found.join(', ')} outside its folder`;
}

function quoted(arg: string): string {
  if (arg.length > 60) return `${quoted(arg.slice(0, 40))}…(${arg.length})`;
  return /^[\w=./-]+$/.test(arg) ? arg : JSON.stringify(arg);
}

/** Values of an option: some that are right, some that are wrong. None names a place outside the working folder. */
interface Values {
  readonly right: readonly string[];
  readonly wrong: readonly string[];
}

const noNumbers = [
  ...['', ' ', '.', 'e5', '1e', '1e5.5', '0x10', '0b1', '1_000', '1,5', '1.2.3', 'NaN', 'nan', 'Infinity', '-inf'],
  ...[
    '1e400',
    '1e-400',
    '-1e400',
    ' 1',
    '1 ',
    '\ufeff1',
    '1\n',
    '1\u0001',
    '１',
    '٣',
    '½',
    '∞',
    '--5',
    '+-1',
    '1f',
    '1n',
  ],
  ...[
    'true',
    '[1]',
    '{}',
    '$(1)',
    '`1`',
    '%d',
    '\x1b[31m1',
    '\u202e1',
    '\ud83d',
    '9'.repeat(4000),
    `1e${'9'.repeat(5000)}`,
  ],
  ...['--mu', '-h', 'constructor', '__proto__'],
];
const sizes = [
  '0',
  '1',
  '0.5',
  '.5',
  '5.',
  '1e-7',
  '1E-7',
  '+2',
  '-0',
  '00.1',
  '1e300',
  '1e-320',
  `1.${'0'.repeat(3000)}1`,
];
const size: Values = { right: sizes, wrong: [...noNumbers, '-1', '-1e-320'] };
const number: Values = { right: ['0', '-1', '-1e300', '-.5', '-0'], wrong: noNumbers };
const above: Values = { right: ['1', '1e-320', '1e300', '5.'], wrong: [...noNumbers, '0', '-0', '-1', '0e5'] };
const counts = (right: readonly string[], wrong: readonly string[]): Values => ({
  right,
  wrong: [...noNumbers, '-1', '1.5', '1e-1', '9007199254740993', '1e300', ...wrong],
});
const words = (...right: string[]): Values => ({
  right,
  wrong: [
    ...[
      '',
      ' ',
      'x',
      'sgdx',
      'logregg',
      'constructor',
      '__proto__',
      'toString',
      '\u0001',
      '\x1b[2J',
      '🙂',
      'ａｄａｍ',
      '../adam',
    ],
    ...[
      '--help',
      '-',
      'a'.repeat(20_000),
      `${right[0]} `,
      ` ${right[0]}`,
      right[0]!.toUpperCase(),
      `${right[0]},${right.at(-1)},`,
      '\ufeff',
    ],
  ],
});
const places: Values = {
  right: [
    'new',
    './new',
    'new/deeper/',
    'a b',
    'é',
    'モデル',
    '🙂',
    '-rf',
    '__proto__',
    '%s',
    '\u202e',
    'x'.repeat(200),
    'n\tt',
    "'",
  ],
  wrong: [
    'results/mlp/+1e-03_+1e-07/adam.csv',
    'results/mlp/+1e-03_+1e-07/adam.csv/x',
    'x'.repeat(300),
    '/proc/none/x',
  ],
};
const nothing: Values = { right: [], wrong: [] };

/** Which options there are, stated anew: what the program has is held to it. Switches have no values. */
const options: Readonly<Record<string, Readonly<Record<string, Values>>>> = {
  train: {
    '--model': words('logreg', 'mlp'),
    '--method': words('sgd', 'sgd_hd', 'sgdn', 'sgdn_hd', 'adam', 'adam_hd'),
    '--alpha_0': size,
    '--beta': size,
    '--mu': { ...size, right: sizes.filter((value) => Number(value) > 0) },
    '--weightDecay': size,
    '--order': words('reference', 'paper'),
    '--multiplicative': nothing,
    '--lowerBound': { ...number, right: number.right.filter((value) => Number(value) <= 0) },
    '--clip': above,
    '--hypergradOptimizer': words('plain', 'momentum', 'adam'),
    '--batchSize': counts(['7', '8', '128', '1e3', '60000', '+40'], ['0', '60001']),
    '--epochs': counts(['1', '2', '3.0'], []),
    '--iterations': counts(['1', '2', '3', '1e1'], []),
    '--lossThreshold': size,
    '--seed': counts(['0', '1', '4294967295', '-0'], ['4294967296']),
    '--dir': places,
    '--checkpoint': size,
    '--offline': nothing,
    '--silent': nothing,
    '--engine': { ...words('onnx', 'cpu') },
    '--threads': counts(['0', '1', '2', '16'], ['1000', '100000']),
    '--device': counts(['0', '63'], ['64']),
    '--workers': counts(['0', '1', '2'], ['5000']),
    '--parallel': counts(['1', '2', '4'], ['0', '65']),
  },
  data: {
    '--data': { right: ['data', 'new', 'é', '-rf', '__proto__'], wrong: [] },
    '--from': { right: ['official'], wrong: words('official').wrong },
    '--url': {
      right: [],
      wrong: ['', 'x', 'ftp://127.0.0.1/', 'http://', 'http:// /', 'file:///etc/passwd', '127.0.0.1:9', '\x1b'],
    },
    '--md5': {
      right: [],
      wrong: ['', 'x', '0'.repeat(31), '0'.repeat(33), 'g'.repeat(32), '\u202e'.repeat(32), '０'.repeat(32)],
    },
  },
  plot: {
    '--dir': {
      right: ['results', './other/'],
      wrong: ['', 'none', 'data', 'results/mlp', places.wrong[0]!, 'x'.repeat(300), '\x1b['],
    },
    '--plotDir': places,
    '--format': {
      right: ['svg', 'svg,svg', 'pdf', 'png,svg'],
      wrong: [...words('svg').wrong, 'svg,', ',svg', 'svg;pdf', 'svg,,pdf', 'jpg'].filter((value) => value !== 'svg'),
    },
    '--rates': {
      right: ['+1e-03_+1e-07', '+1e-03_+1e-07,+1e-03_+1e-07'],
      wrong: ['', 'none', '+1e-03', '__proto__', '\x1b[31m', '*'],
    },
    '--facet': nothing,
  },
  compare: {
    '--tolerance': size,
    '--json': nothing,
    '--plotDir': places,
    '--format': { right: ['svg', 'pdf'], wrong: [...words('svg').wrong, 'jpg'] },
  },
  report: {
    '--dir': { right: ['results', 'other'], wrong: ['', 'none', 'data', 'results/mlp', 'x'.repeat(300)] },
    '--out': {
      right: ['new.html', 'new/deeper/page', 'é', '🙂', '-rf', '__proto__', '\u202e', 'x'.repeat(200)],
      wrong: ['results', 'data/', 'results/mlp/+1e-03_+1e-07/adam.csv/x', 'x'.repeat(300), '/proc/none/x'],
    },
  },
};

const commands = ['train', 'train', 'train', 'train', 'train', 'train', 'compare', 'plot', 'report', 'data'];

/** Pairs that are right each by itself. */
const contradictions: readonly (readonly [names: string, ...args: string[]])[] = [
  ['--mu', '--method', 'sgdn', '--mu', '0'],
  ['--mu', '--method', 'sgd', '--mu', '0.5'],
  ['--order', '--method', 'sgd_hd', '--order', 'paper'],
  ['--mu', '--method', 'sgdn_hd', '--mu', '-0'],
  ['--lowerBound', '--method', 'adam_hd', '--lowerBound', '5', '--alpha_0', '1'],
  ['--parallel', '--parallel', '4', '--batchSize', '2'],
  ['--resume', '--resume'],
  ['--keepModel', '--keepModel'],
  ['--overwrite', '--overwrite'],
  ['--resume', '--save', '--resume', '--overwrite'],
  ['--synthetic', '--synthetic'],
  ['--cuda', '--cuda', '--engine', 'cpu'],
  ['no CIFAR-10', '--model', 'vgg', '--offline'],
  ['none', '--data', 'none'],
  ['results', '--data', 'results'],
];

function oddLine(random: Chance): Line {
  const command = random.one(commands);
  const kinds: Readonly<Record<string, () => Judged>> = {
    right: () => right(command, random),
    'a wrong value': () => wrongValue(command, random),
    'an unknown option': () => unknownOption(command, random),
    'a value missing': () => valueMissing(command, random),
    'an argument too many': () => excess(command, random),
    'an unknown command': () => unknownCommand(random),
    'a contradiction': () => contradiction(random),
    'help asked for': () => help(command, random),
    'anything at all': () => anything(command, random),
  };
  const names = Object.keys(kinds);
  // A wrong value is what there is most of; a right line, which trains, takes the longest.
  const kind = random.seldom(3) ? 'a wrong value' : random.one(names);
  return { ...kinds[kind]!(), kind };
}

/** An option as it is written: its name, and its value in the same word or the next. */
type Given = readonly [word: string, value?: string];

/** Some options of a command, each with a value that is right, in any order; none of those named in `but`. */
function some(
  command: string,
  random: Chance,
  { most = 4, but = [] }: { most?: number; but?: readonly string[] } = {},
) {
  const names = Object.keys(options[command]!).filter((name) => !but.includes(name));
  const chosen = Array.from({ length: random.below(most + 1) }, () => random.one(names)).flatMap((name): Given[] => {
    if (switches.has(name) || (name === '--parallel' && random.seldom(4))) return [[name]];
    const { right } = options[command]![name]!;
    return right.length > 0 ? [written(name, random.one(right), random)] : [];
  });
  return ofItsMethod(chosen).flat() as string[];
}

/** Without the options that the method has not. */
function ofItsMethod(given: readonly Given[]): readonly Given[] {
  const parts = given.map(([word, value]) => [...word.split('='), ...(value === undefined ? [] : [value])]);
  const method = parts.findLast(([name]) => name === '--method')?.[1] ?? 'adam';
  return given.filter((_, i) => {
    const [name = ''] = parts[i] ?? [];
    if (name === '--mu') return method.startsWith('sgdn');
    if (name === '--order') return method === 'adam_hd';
    return !ofLearnedRates.has(name) || method.endsWith('_hd');
  });
}

const ofLearnedRates = new Set(['--multiplicative', '--lowerBound', '--clip', '--hypergradOptimizer']);

function written(name: string, value: string, random: Chance): Given {
  return random.seldom(2) ? [`${name}=${value}`] : [name, value];
}

const switches = new Set(['--multiplicative', '--offline', '--silent', '--facet', '--json']);

/** What a command must have besides options to be right. */
function needed(command: string, random: Chance): readonly string[] {
  if (command !== 'compare') return [];
  return random.one([
    ['results', 'other'],
    ['published', 'published'],
    ['results', 'results/'],
  ]);
}

function right(command: string, random: Chance): Judged {
  // What comes along is checked where data is listed, which takes a second.
  if (command === 'data' && !random.seldom(20)) return right('report', random);
  const given = some(command, random, { most: command === 'train' ? 8 : 4 });
  if (command !== 'train') return { args: [command, ...given, ...needed(command, random)], codes: [0] };
  const saved = random.one([
    [],
    [],
    ['--save'],
    ['--save', '--keepModel'],
    ['--save', '--resume'],
    ['--save', '--overwrite'],
  ]);
  return { args: [command, ...saved, ...given, '--iterations', random.one(['1', '2', '3'])], codes: [0] };
}

function wrongValue(command: string, random: Chance): Judged {
  const all = options[command]!;
  const name = random.one(Object.keys(all).filter((each) => all[each]!.wrong.length > 0));
  const wrong = random.one(all[name]!.wrong);
  // The value of --parallel may be missing: what begins as an option does is one then.
  const fault = name === '--parallel' && wrong.startsWith('-') ? [`${name}=${wrong}`] : written(name, wrong, random);
  const place = ['--dir', '--plotDir', '--out', '--rates'].includes(name);
  // A place is looked at only where something is to be read from it or written to it.
  const saved = command === 'train' && name === '--dir' ? ['--save'] : [];
  const around = () => some(command, random, { but: [name] });
  const args = [command, ...saved, ...around(), ...(fault as string[]), ...around(), ...needed(command, random)];
  return { args, codes: [2], ...(!place && { names: name }) };
}

function unknownOption(command: string, random: Chance): Judged {
  const name = random.one(Object.keys(options[command]!));
  const odd = random.one([
    ...[name.slice(0, -1), `${name}x`, name.toUpperCase(), name.replace('--', '-'), name.replace('--', '—')],
    ...[name.replaceAll(/([A-Z_])/g, '-$1').toLowerCase(), `--no-${name.slice(2)}`],
    ...[
      '--__proto__',
      '--constructor',
      '--no',
      '---',
      '--=',
      '-x',
      '-\u0001',
      '--\x1b[2J',
      '--🙂',
      `--${'y'.repeat(20_000)}`,
    ],
  ]);
  if (odd in options[command]!) return unknownOption(command, random);
  const word = random.seldom(2) ? odd : `${odd}=5`;
  return { args: [command, ...some(command, random), word, ...needed(command, random)], codes: [2] };
}

function valueMissing(command: string, random: Chance): Judged {
  const name = random.one(
    Object.keys(options[command]!).filter((each) => !switches.has(each) && each !== '--parallel'),
  );
  return { args: [command, ...some(command, random), ...needed(command, random), name], codes: [2], names: name };
}

function excess(command: string, random: Chance): Judged {
  const word = random.one([
    '',
    ' ',
    'x',
    'adam',
    '0.001',
    '=',
    '🙂',
    '\u0001',
    '\x1b[31m',
    'y'.repeat(20_000),
    '{}',
    '*',
  ]);
  const words = command === 'data' ? ['mnist', word] : [word];
  const more = some(command, random, { but: ['--parallel'] });
  const args = random.seldom(2) ? [command, ...words, ...more] : [command, ...more, '--', ...words];
  return { args: [...args, ...needed(command, random)], codes: [2] };
}

function unknownCommand(random: Chance): Judged {
  const odd = random.one([
    ...[
      'trian',
      'Train',
      'TRAIN',
      'train ',
      'plots',
      '',
      ' ',
      '-',
      '--x',
      '-x',
      '__proto__',
      'constructor',
      '\u0001',
      '\x1b[2J',
    ],
    ...['🙂', 'x'.repeat(20_000), 'train,plot', 'traın', 'results', '*', '--model', 'train\n'],
  ]);
  return { args: [odd, ...some('train', random)], codes: [2] };
}

function contradiction(random: Chance): Judged {
  const [names, ...fault] = random.one(contradictions);
  const but = ['--alpha_0', '--lowerBound', '--model', '--method', '--mu', '--engine', '--parallel', '--batchSize'];
  return { args: ['train', ...some('train', random, { but }), ...fault], codes: [2], names };
}

function help(command: string, random: Chance): Judged {
  const args = random.one([
    ...[['--help'], ['-h'], ['help'], ['help', command], [command, '--help'], [command, '-h'], ['--version'], ['-V']],
    [command, ...some(command, random), '--help'],
  ]);
  return { args, codes: [0] };
}

/** Words of all kinds, in any order: nothing is known of it but that it must not end badly. */
function anything(command: string, random: Chance): Judged {
  const all = options[command]!;
  const words = Array.from({ length: random.below(12) }, () => {
    const name = random.one(Object.keys(all));
    const { right, wrong } = all[name]!;
    const value = random.one([...right, ...wrong, 'x']);
    return random.one([
      name,
      name,
      `${name}=`,
      `${name}=${value}`,
      value,
      random.one(commands),
      '--',
      '',
      '--save',
      '--resume',
    ]);
  });
  // Of several the last counts: a few iterations, and no network but this machine's.
  const tame = command === 'data' ? '--url=http://127.0.0.1:9' : '--iterations=2';
  return { args: [command, ...words, tame], codes: [0, 1, 2] };
}
