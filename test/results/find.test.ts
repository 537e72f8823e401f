import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRuns, readRuns, runName } from '../../src/results/find.js';
import { writeRecord } from '../../src/results/record.js';
import { record } from '../record.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

describe('findRuns', () => {
  it('finds runs in the order of the legends, a finished one before its repetition, and names what it leaves out', () => {
    const dir = temporaryFolder();
    for (const path of [
      'mlp/+1e-03_+1e-07/sgd.csv',
      'mlp/+1e-03_+1e-07/adam_hd.csv.partial',
      'mlp/+1e-03_+1e-07/adam.csv',
      'mlp/+1e-03_+1e-07/adam.csv.partial',
      'mlp/+1e-03_+1e-07/adamhd.csv',
      'mlp/+1e-03_+1e-07/notes.txt',
      'logreg/+1e-02_+1e-03/sgd.csv',
    ]) {
      writeCsv(dir, path, syntheticCsv());
    }
    const warnings: string[] = [];
    const found = findRuns(dir, (message) => warnings.push(message));
    expect(found.map(({ model, method, finished }) => [model, method, finished])).toEqual([
      ['logreg', 'sgd', true],
      ['mlp', 'adam', true],
      ['mlp', 'adam_hd', false],
      ['mlp', 'sgd', true],
    ]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/adamhd\.csv: left out; 'adamhd' is not a method/);
  });

  it('follows links to folders and files, and does not go round', () => {
    const [dir, elsewhere] = [temporaryFolder(), temporaryFolder()];
    writeCsv(elsewhere, 'mlp/x/adam.csv', syntheticCsv());
    symlinkSync(join(elsewhere, 'mlp'), join(dir, 'mlp'));
    mkdirSync(join(dir, 'logreg', 'y'), { recursive: true });
    symlinkSync(join(elsewhere, 'mlp/x/adam.csv'), join(dir, 'logreg/y/sgd.csv'));
    symlinkSync(join(dir, 'logreg/y'), join(dir, 'logreg/z'));
    symlinkSync(dir, join(dir, 'logreg/up'));
    symlinkSync(dir, join(dir, 'again'));
    symlinkSync('self', join(dir, 'self'));
    symlinkSync('nowhere', join(dir, 'logreg/y/adam.csv'));
    mkdirSync(join(dir, 'logreg/y/sgdn.csv'));
    const warnings: string[] = [];
    const found = findRuns(dir, (message) => warnings.push(message));
    expect(found.map(({ model, rates, method }) => `${model}/${rates}/${method}`)).toEqual([
      'logreg/y/sgd',
      'logreg/z/sgd',
      'mlp/x/adam',
    ]);
    expect(warnings.sort()).toEqual([
      expect.stringMatching(/again\/self cannot be read/),
      expect.stringMatching(/y\/adam\.csv cannot be read: no such file or directory; left out$/),
      expect.stringMatching(/y\/sgdn\.csv: left out; it is not a file$/),
      expect.stringMatching(/z\/adam\.csv cannot be read/),
      expect.stringMatching(/z\/sgdn\.csv: left out; it is not a file$/),
      expect.stringMatching(/-\w+\/self cannot be read: too many symbolic links/),
    ]);
  });

  it('shows hostile names without what a terminal obeys', () => {
    const dir = temporaryFolder();
    writeCsv(dir, '__proto__/constructor/\x1b[31madam.csv', syntheticCsv());
    writeCsv(dir, '__proto__/constructor/toString.csv', syntheticCsv());
    writeCsv(dir, '__proto__/constructor/adam.csv', syntheticCsv());
    const warnings: string[] = [];
    expect(findRuns(dir, (message) => warnings.push(message))).toMatchObject([{ model: '__proto__', method: 'adam' }]);
    expect(warnings.sort()).toEqual([
      expect.stringContaining(`'\\x1b[31madam' is not a method`),
      expect.stringContaining(`'toString' is not a method`),
    ]);
  });

  it('finds runs whose path tells more settings, and no others that lie as deep', () => {
    const dir = temporaryFolder();
    const runs = ['adam.csv', 'seed=2/adam.csv', 'mu=0.5_seed=2/adam.csv.partial'].map((end) => `mlp/+1e-03_+1e-07/${end}`);
    for (const path of [...runs, 'mlp/+1e-03_+1e-07/old/adam.csv']) writeCsv(dir, path, syntheticCsv());
    const found = findRuns(dir, (message) => expect.fail(message));
    expect(found.map(runName)).toEqual([
      'mlp/+1e-03_+1e-07/adam',
      'mlp/+1e-03_+1e-07/mu=0.5_seed=2/adam',
      'mlp/+1e-03_+1e-07/seed=2/adam',
    ]);
  });

  it('names a folder that is not there', () => {
    expect(() => findRuns('/no/such/folder', () => undefined)).toThrow(/\/no\/such\/folder cannot be read: it does not exist/);
  });
});

describe('readRuns', () => {
  it('names and passes over what it cannot read, and reads the rest', () => {
    const dir = temporaryFolder();
    writeCsv(dir, 'mlp/x/adam.csv', '');
    writeCsv(dir, 'mlp/x/adam_hd.csv', syntheticCsv().slice(0, -10));
    writeCsv(dir, 'mlp/x/sgd.csv', syntheticCsv({ epochs: 2 }));
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const runs = [...readRuns(findRuns(dir, warn), warn)];
    expect(runs.map(({ method, rows }) => [method, rows.length])).toEqual([['sgd', 21]]);
    expect(warnings).toEqual([
      expect.stringMatching(/adam\.csv: the file is empty.*; left out$/),
      expect.stringMatching(/adam_hd\.csv: the last line is cut short.*; left out$/),
    ]);
  });
});

describe('the record beside a run', () => {
  const read = (files: readonly (readonly [path: string, text?: string])[], warnings: string[] = []) => {
    const dir = temporaryFolder();
    for (const [path, text] of files) writeCsv(dir, `mlp/x/${path}`, text ?? syntheticCsv());
    return {
      dir,
      runs: () => {
        const warn = (message: string) => void warnings.push(message);
        return [...readRuns(findRuns(dir, warn), warn)];
      },
      warnings,
    };
  };
  const ofRows = (count: number) => ({ ...record, rows: { count, sha256: null } });

  it('comes with it; a run of the original program has none', () => {
    const { dir, runs } = read([['sgd.csv'], ['adam.csv']]);
    writeRecord(`${dir}/mlp/x/sgd.json`, ofRows(31));
    expect(runs().map((run) => [run.method, run.record])).toEqual([
      ['adam', undefined],
      ['sgd', ofRows(31)],
    ]);
  });

  it('of an unfinished run is that of its rows', () => {
    const { dir, runs } = read([['sgd.csv.partial']]);
    writeRecord(`${dir}/mlp/x/sgd.json`, { ...record, state: 'failed', error: 'why' });
    expect(runs()[0]?.record).toMatchObject({ state: 'failed', error: 'why' });
    writeRecord(`${dir}/mlp/x/sgd.json`, record);
    expect(runs()[0]?.record, 'of a finished run').toBeUndefined();
  });

  it('is passed over where the rows were changed since', () => {
    const { dir, runs, warnings } = read([['sgd.csv']]);
    const sha256 = createHash('sha256').update(syntheticCsv()).digest('hex');
    writeRecord(`${dir}/mlp/x/sgd.json`, { ...record, rows: { count: 31, sha256 } });
    expect(runs()[0]?.record).toMatchObject({ rows: { sha256 } });
    writeCsv(dir, 'mlp/x/sgd.csv', syntheticCsv().replace('1.1', '1.2'));
    expect(runs()[0]?.record).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/sgd\.csv: changed since its run ended/)]);
  });

  it('is passed over where it is of other rows, or none', () => {
    const { dir, runs, warnings } = read([['sgd.csv'], ['adam.csv'], ['adam.json', '{}']]);
    writeRecord(`${dir}/mlp/x/sgd.json`, ofRows(30));
    expect(runs().map((run) => run.record)).toEqual([undefined, undefined]);
    expect(warnings).toEqual([
      expect.stringMatching(/adam\.json is no record of a run/),
      expect.stringMatching(/sgd\.json: passed over; it is of 30 rows, and the file has 31/),
    ]);
  });
});
