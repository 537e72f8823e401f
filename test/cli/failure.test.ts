import { spawnSync } from 'node:child_process';
import { describe, expect, it, vi } from 'vitest';
import { refuseOldNode, tellFailure } from '../../src/cli/failure.js';
import { RunFailure, UsageError } from '../../src/errors.js';
import { temporaryFolder } from '../synthetic.js';
import { shell } from './shell.js';

/** What is said of an error, and the exit code. */
function told(error: unknown): { said: string; code: typeof process.exitCode } {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    tellFailure(error);
    return { said: write.mock.calls.map(([text]) => String(text)).join(''), code: process.exitCode };
  } finally {
    process.exitCode = undefined;
    write.mockRestore();
  }
}

const coded = (message: string, code: string) => Object.assign(new Error(message), { code });

describe('refuseOldNode', () => {
  it('names what is needed', () => {
    expect(() => {
      refuseOldNode('18.20.8');
    }).toThrow(/needs Node\.js 20 or later, and this is 18\.20\.8/);
    for (const version of ['20.0.0', '22.13.0', '24.1.0-nightly', process.versions.node]) refuseOldNode(version);
  });
});

describe('tellFailure', () => {
  it('says errors of ours in a line, with their exit code', () => {
    expect(told(new UsageError('a\nb'))).toEqual({ said: 'error: a b\n', code: 2 });
    expect(told(new RunFailure('full'))).toEqual({ said: 'error: full\n', code: 1 });
  });

  it.each([
    [coded('EMFILE: too many open files, open x', 'EMFILE'), /ulimit -n/],
    [new Error('Worker initialization failure: EMFILE'), /ulimit -n/],
    [coded('Worker terminated due to reaching memory limit', 'ERR_WORKER_OUT_OF_MEMORY'), /too little memory/],
    [coded('spawn ENOMEM', 'ENOMEM'), /too little memory/],
    [new RangeError('Array buffer allocation failed'), /too little memory/],
    [new Error('std::bad_alloc'), /too little memory/],
    [new Error('traced', { cause: new Error('std::bad_alloc') }), /too little memory/],
    [
      coded(
        'Error loading shared library ld-linux-x86-64.so.2 (needed by onnxruntime_binding.node)',
        'ERR_DLOPEN_FAILED',
      ),
      /ONNX Runtime.*--engine cpu/,
    ],
    [
      coded("Cannot find module '../bin/linux/x64/onnxruntime_binding.node'\nRequire stack:", 'MODULE_NOT_FOUND'),
      /--engine cpu/,
    ],
    [new Error('Failed to load native binding @resvg/resvg-js'), /--format pdf,svg/],
    [coded("Cannot find package 'vega' imported from x", 'ERR_MODULE_NOT_FOUND'), /npm ci/],
  ])('knows what the machine lacks: %s', (error, remedy) => {
    const { said, code } = told(error);
    expect(said).toMatch(remedy);
    expect(said).toMatch(/^error: [^\n]*\n$/);
    expect(code).toBe(1);
  });

  it('keeps the stack of a bug', () => {
    const { said, code } = told(new TypeError('x is not a function'));
    expect(said).toMatch(/^TypeError: x is not a function\n +at /);
    expect(code).toBe(1);
  });
});

describe.skipIf(process.platform === 'win32')('the command line', () => {
  it('says that too few files may be open', async () => {
    // How many are enough differs from one Node.js to another: fewer and fewer, until it fails.
    const { code, stderr } = await shell(
      'for most in {40..21}; do (ulimit -n $most; hypergrad train --iterations 20 --silent 2> said); code=$?; ' +
        '[[ $code == 0 ]] || break; done; cat said >&2; exit $code',
      { cwd: temporaryFolder() },
    );
    expect(stderr).toMatch(/^error: Too many files are open .*\n$/);
    expect(code).toBe(1);
  });

  it('says it, too, where Node.js takes a package that it may not open for one that is not there', () => {
    const failure = new URL('../../dist/cli/failure.js', import.meta.url).href;
    const program =
      `import { tellFailure } from '${failure}';` +
      `tellFailure(Object.assign(new Error("Cannot find package 'vega'"), { code: 'ERR_MODULE_NOT_FOUND' }));`;
    const told = (limit: string) =>
      spawnSync('bash', ['-c', `ulimit -n ${limit}; "$0" --input-type=module -e "$1"`, process.execPath, program], {
        encoding: 'utf8',
      }).stderr;
    expect(told('40')).toMatch(/^error: Too many files are open .*\n$/);
    expect(told('256')).toMatch(/^error: The installation is not whole .*\n$/);
  });

  const old = process.env.HYPERGRAD_OLD_NODE;
  it.skipIf(!old)('says it to an old Node.js, given by HYPERGRAD_OLD_NODE', async () => {
    const { main } = await import('./hypergrad.js');
    const { status, stderr } = spawnSync(old ?? '', [main, 'train'], { encoding: 'utf8' });
    expect(stderr).toMatch(/^error: hypergrad needs Node\.js 20 or later.*\n$/);
    expect(status).toBe(2);
  });
});
