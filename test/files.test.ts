import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunFailure, UsageError } from '../src/errors.js';
import { fileError, makeFolder, readWhole, writeWhole } from '../src/files.js';
import { readRun } from '../src/results/read.js';
import { readRecord } from '../src/results/record.js';
import { openResults } from '../src/results/writer.js';
import { readSweepFile } from '../src/cli/sweep_file.js';
import { shell } from './cli/shell.js';
import { temporaryFolder } from './synthetic.js';

describe('writeWhole', () => {
  it('makes the folder, replaces a file, and leaves nothing aside', () => {
    const path = join(temporaryFolder(), 'a', 'b', 'page.html');
    writeWhole(path, 'old');
    writeWhole(path, [Buffer.from('ne'), Buffer.from('w')]);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(join(path, '..'))).toEqual(['page.html']);
  });

  it('leaves the earlier file where it fails', () => {
    const path = join(temporaryFolder(), 'page.html');
    writeWhole(path, 'old');
    const broken = function* () {
      yield Buffer.from('half');
      throw new Error('no more');
    };
    expect(() => {
      writeWhole(path, broken());
    }).toThrow('no more');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(join(path, '..'))).toEqual(['page.html']);
  });

  it('replaces the file that a link leads to, not the link', () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'file'), 'old');
    symlinkSync('file', join(dir, 'link'));
    writeWhole(join(dir, 'link'), 'new');
    expect(lstatSync(join(dir, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('new');
  });

  it('names a folder in its place, and a file in the place of its folder', () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'folder'));
    writeFileSync(join(dir, 'file'), '');
    const write = (path: string) => () => {
      writeWhole(join(dir, path), '');
    };
    expect(write('folder')).toThrow(UsageError);
    expect(write('folder')).toThrow(/folder: it is a folder/);
    expect(write('file/x')).toThrow(UsageError);
    expect(write('file/x/y')).toThrow(/not a directory|it is a file/);
  });
});

describe.skipIf(process.platform !== 'linux')('makeFolder', () => {
  it('returns with an error below /proc', () => {
    expect(() => {
      makeFolder('/proc/none/at/all');
    }).toThrow(/ENOENT/);
  });
});

describe('fileError', () => {
  it('tells the faults of the disk from those of the place', () => {
    const error = (code: string) => Object.assign(new Error(`${code}: some reason, write`), { code, syscall: 'write' });
    for (const code of ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'EFBIG'])
      expect(fileError('x', error(code))).toBeInstanceOf(RunFailure);
    for (const code of ['EACCES', 'EROFS', 'ENOTDIR']) expect(fileError('x', error(code))).toBeInstanceOf(UsageError);
    expect((fileError('x', error('ENOSPC')) as Error).message).toMatch(/^Cannot write x: some reason\. Make room/);
  });
});

describe.skipIf(process.platform === 'win32')('a named pipe', () => {
  it.each(Object.entries({ readWhole, readRun, readRecord, readSweepFile, openResults }))(
    'is refused at once by %s, which would wait for its other end',
    (_, open) => {
      const path = join(temporaryFolder(), 'results.csv');
      execFileSync('mkfifo', [path, `${path}.partial`]);
      expect(() => open(path)).toThrow(/named pipe/);
    },
  );

  it('that a shell hands over is read', async () => {
    const line = 'hypergrad sweep <(sleep 0.5; echo "method: [adam, sgd]") --dry-run';
    const { code, stdout } = await shell(line, { cwd: temporaryFolder() });
    expect({ code, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, lines: 3 }); // with the titles
  });
});
