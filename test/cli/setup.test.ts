import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineNames } from '../../src/engine/engines.js';
import type { EngineStatus } from '../../src/engine/status.js';
import { temporaryFolder } from '../synthetic.js';
import { main } from './hypergrad.js';

const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim();

// Machines that lack something, made of a PATH and of what a real Python finds; no TensorFlow is here.
describe.skipIf(process.platform !== 'linux' || !python)('hypergrad setup, where something is missing', () => {
  let folder: string;
  beforeAll(() => {
    folder = temporaryFolder();
    // Python as it is, but for the packages of this machine.
    program('python/python3', `exec '${python}' -S "$@"`);
    program(
      'compiler/g++',
      'if [ "$1" = --version ]; then exit 0; fi; echo "x.cc:1: error: no such thing" >&2; exit 1',
    );
    program('old/nvidia-smi', 'echo 470.82.01');
    mkdirSync(join(folder, 'empty'));
    tensorflow('tf2.9', '2.9.1');
    tensorflow('tf3.0', '3.0.0', { whole: true });
    tensorflow('torn', '2.21.0');
    tensorflow('cpu', '2.21.0', { whole: true });
    tensorflow('gpu', '2.21.0', { whole: true, cuda: '12.5.1' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function program(path: string, script: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, path), 0o755);
  }

  /** What pip lays down, as far as setup looks at it before it compiles. */
  function tensorflow(name: string, version: string, { whole = false, cuda }: { whole?: boolean; cuda?: string } = {}) {
    const put = (path: string, text = '') => {
      mkdirSync(dirname(join(folder, name, path)), { recursive: true });
      writeFileSync(join(folder, name, path), text);
    };
    put('tensorflow/__init__.py');
    put(`tensorflow-${version}.dist-info/METADATA`, `Metadata-Version: 2.1\nName: tensorflow\nVersion: ${version}\n`);
    const built =
      cuda === undefined ? "('is_cuda_build', False)" : `('cuda_version', '${cuda}'), ('is_cuda_build', True)`;
    put('tensorflow/python/platform/build_info.py', `build_info = OrderedDict([${built}])\n`);
    if (!whole) return;
    for (const library of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) put(`tensorflow/${library}`);
    put('tensorflow/include/tensorflow/c/eager/c_api.h');
  }

  /** Runs a command where the PATH has these folders, and Python those packages. */
  function run(args: readonly string[], path: readonly string[], packages = 'empty', binding = 'binding') {
    const env = {
      PATH: path.map((name) => join(folder, name)).join(':'),
      PYTHONPATH: join(folder, packages),
      HYPERGRAD_BINDING: join(folder, binding),
    };
    return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(process.execPath, [main, ...args], { cwd: folder, env }, (_, stdout, stderr) =>
        resolve({ status: child.exitCode, stdout, stderr }),
      );
    });
  }
  const setup = (engine: string, path: readonly string[], packages: string, binding?: string) =>
    run(['setup', engine], path, packages, binding);

  it.concurrent.each<[lacking: string, engine: string, path: string[], packages: string, said: RegExp]>([
    [
      'Python',
      'tfjs-node',
      ['empty'],
      'empty',
      /no Python here.*apt-get install python3-venv.*pip install tensorflow-cpu/,
    ],
    [
      'TensorFlow',
      'tfjs-node',
      ['python'],
      'empty',
      /no TensorFlow here \(python3 has none\).*pip install tensorflow-cpu &&/,
    ],
    ['TensorFlow for a GPU', 'tfjs-node-gpu', ['python'], 'empty', /pip install 'tensorflow\[and-cuda\]' &&/],
    [
      'a recent TensorFlow',
      'tfjs-node',
      ['python'],
      'tf2.9',
      /2\.9\.1 in \S+ is too old: 2\.12.*--upgrade 'tensorflow-cpu<3'/,
    ],
    ['a TensorFlow not so new', 'tfjs-node', ['python'], 'tf3.0', /3\.0\.0 in \S+ is too new: .*'tensorflow-cpu<3'/],
    [
      'a part of TensorFlow',
      'tfjs-node',
      ['python'],
      'torn',
      /not whole.*no libtensorflow_cc\.so\.2.*--force-reinstall/,
    ],
    ['a compiler', 'tfjs-node', ['python'], 'cpu', /no C\+\+ compiler.*apt-get install g\+\+/],
    ['a compiler that can', 'tfjs-node', ['python', 'compiler'], 'cpu', /g\+\+ cannot compile.*error: no such thing/],
    ['CUDA', 'tfjs-node-gpu', ['python', 'compiler'], 'cpu', /on the processor alone.*'tensorflow\[and-cuda\]'/],
  ])('it says what brings %s', async (lacking, engine, path, packages, said) => {
    const binding = `binding without ${lacking}`;
    const { status, stdout, stderr } = await setup(engine, path, packages, binding);
    expect(stderr).toMatch(said);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^error: [^\n]*$/);
    expect([status, stdout]).toEqual([2, '']);
    expect(readdirSync(folder).filter((name) => name.startsWith(binding))).toEqual([]);
  });

  it.skipIf(existsSync('/proc/driver/nvidia'))('it says that a driver is absent, or too old', async () => {
    const absent = await setup('tfjs-node-gpu', ['python', 'compiler'], 'gpu');
    expect(absent.stderr).toMatch(/needs a GPU, and there is no driver of NVIDIA's here/);
    const old = await setup('tfjs-node-gpu', ['python', 'compiler', 'old'], 'gpu');
    expect(old.stderr).toMatch(/driver 470\.82\.01 is too old for CUDA 12\.5\.1, which needs 525 or later/);
    expect([absent.status, old.status]).toEqual([2, 2]);
  });

  it('it says what --python names that is none', async () => {
    const named = (path: string) => run(['setup', 'tfjs-node', '--python', path], ['empty']);
    expect((await named('nowhere')).stderr).toMatch(/--python nowhere: there is no such file/);
    expect((await named('empty')).stderr).toMatch(/--python empty: this folder is no Python environment/);
    expect((await named(python)).stderr).not.toMatch(/there is no Python/);
    expect(await named('old/nvidia-smi')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no Python that runs/) as string,
    });
  });

  it('train and engines say the same', { timeout: 120_000 }, async () => {
    const fault = /not set up yet: npx hypergrad setup tfjs-node would do it, but there is no C\+\+ compiler here/;
    const [train, { stdout, status }] = await Promise.all([
      run(['train', '--iterations', '2', '--engine', 'tfjs-node'], ['python'], 'cpu'),
      run(['engines', '--json'], ['python'], 'cpu'),
    ]);
    expect(train.stderr).toMatch(fault);
    expect(train.status).toBe(2);
    const engines = JSON.parse(stdout) as EngineStatus[];
    expect(status).toBe(0);
    expect(engines.map(({ name }) => name)).toEqual(engineNames);
    const of = (name: string) => engines.find((engine) => engine.name === name);
    expect(of('tfjs-node')).toMatchObject({ ready: false, fault: expect.stringMatching(fault) as string });
    expect(of('cpu')).toMatchObject({ ready: true, fault: null, version: expect.stringMatching(/^tfjs 4/) as string });
  });

  it('half of what it makes is told, and taken away', async () => {
    const binding = join(folder, 'binding');
    mkdirSync(binding);
    symlinkSync(join(folder, 'gone'), join(binding, 'lib'));
    writeFileSync(join(binding, 'tfjs_binding.node'), '');
    writeFileSync(
      join(binding, 'about.json'),
      '{ "version": "2.21.0", "folder": "/gone", "python": "p", "cuda": null }',
    );
    const train = await run(['train', '--iterations', '2', '--engine', 'tfjs-node'], ['python']);
    expect(train.stderr).toMatch(/set up with TensorFlow 2\.21\.0 in \/gone, which has gone.*setup tfjs-node again/);
    expect(train.status).toBe(2);
    rmSync(join(binding, 'lib'));
    symlinkSync(join(folder, 'cpu/tensorflow'), join(binding, 'lib'));
    writeFileSync(join(binding, 'about.json'), '{ "version": "2.21.0", "folder": "/there", "cuda": null, "size": 5 }');
    const damaged = await run(['train', '--iterations', '2', '--engine', 'tfjs-node'], ['python']);
    expect(damaged.stderr).toMatch(
      /has been damaged since \(it has 0 bytes, and had 5\)\. Run .*setup tfjs-node again/,
    );
    expect(damaged.status).toBe(2);
    const undo = () => run(['setup', 'tfjs-node', '--undo'], ['empty']);
    expect(await undo()).toMatchObject({
      status: 0,
      stderr: `${binding} is gone; TensorFlow itself was left alone.\n`,
    });
    expect(await undo()).toMatchObject({ status: 0, stderr: expect.stringContaining('nothing was set up') as string });
  });

  it('it takes away nothing that is not its own', async () => {
    const binding = join(folder, 'binding');
    mkdirSync(binding);
    writeFileSync(join(binding, 'diary'), '');
    const { status, stderr } = await run(['setup', 'tfjs-node', '--undo'], ['empty']);
    expect(stderr).toMatch(/holds something else \(diary\)/);
    expect(status).toBe(2);
    expect(readdirSync(binding)).toEqual(['diary']);
    rmSync(binding, { recursive: true });
  });
});

it('an engine of a GPU is none, or several, for --gpu and --tf32', () => {
  const said = (...args: string[]) =>
    spawnSync(process.execPath, [main, 'train', ...args], { encoding: 'utf8' }).stderr;
  expect(said('--gpu', '--engine', 'onnx')).toMatch(/--gpu chooses an engine, and --engine onnx names one/);
  expect(said('--tf32', '--engine', 'cpu')).toMatch(
    /--tf32 is of the engines onnx-cuda and tfjs-node-gpu, and this is cpu/,
  );
});
