import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { readRun } from '../../src/results/read.js';
import { columns } from '../../src/results/row.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

const header = columns.join(',');
const dir = temporaryFolder();
let files = 0;
const read = (text: string, name = 'adam.csv') => readRun(writeCsv(dir, `${files++}/${name}`, text));

describe('readRun', () => {
  it('reads what Python wrote, each number to its last bit', () => {
    const text = `${header}\r\n0,0,0,2.2260472774505615,2.2260472774505615,2.285788642883301,0.001,0.001,1e-07\r\n1,2,0.00845479965209961,inf,nan,nan,-0.0014530025589047529,nan,1e-07\r\n`;
    expect(read(text)).toEqual([
      {
        epoch: 0,
        iteration: 0,
        time: 0,
        loss: 2.2260472774505615,
        lossEpoch: 2.2260472774505615,
        validLossEpoch: 2.285788642883301,
        alpha: 0.001,
        alphaEpoch: 0.001,
        beta: 1e-7,
      },
      {
        epoch: 1,
        iteration: 2,
        time: 0.00845479965209961,
        loss: Infinity,
        lossEpoch: NaN,
        validLossEpoch: NaN,
        alpha: -0.0014530025589047529,
        alphaEpoch: NaN,
        beta: 1e-7,
      },
    ]);
  });

  it('takes LF for CR LF, and a last line without its end', () => {
    const rows = read(syntheticCsv());
    expect(rows).toHaveLength(31);
    expect(read(syntheticCsv({ lineEnd: '\n' }))).toEqual(rows);
    expect(read(syntheticCsv().trimEnd())).toEqual(rows);
    expect(read(syntheticCsv({ lineEnd: '\n' }).trimEnd())).toEqual(rows);
  });

  it('leaves out the cut end of an unfinished run, and refuses that of a finished one', () => {
    const text = syntheticCsv();
    // One character less than whole: β is 1e-0, which is a number.
    for (const length of [text.length - 3, text.length - 10]) {
      const cut = text.slice(0, length);
      expect(read(cut, 'adam.csv.partial')).toEqual(read(text).slice(0, -1));
      expect(() => read(cut)).toThrow(/adam\.csv: the last line is cut short/);
    }
  });

  it.each([
    ['an empty file', '', /adam\.csv: the file is empty; expected the header Epoch,/],
    ['no rows', `${header}\r\n`, /adam\.csv: a header and no rows/],
    ['another header', 'a,b\r\n1,2\r\n', /adam\.csv: no column Epoch/],
    ['a word', `${header}\r\n0,0,0,x,1,1,1,1,1\r\n`, /adam\.csv: line 2 has 'x' under Loss/],
    ['an empty field', `${header}\r\n0,0,0,1,1,1,1,,1\r\n`, /line 2 has '' under AlphaEpoch/],
    ['too few fields', `${header}\r\n0,0,0,1,1,1,1,1,1\r\n1,2\r\n`, /line 3 has 2 fields; expected 9/],
  ])('names the file and the place of %s', (_, text, message) => {
    expect(() => read(text)).toThrow(UsageError);
    expect(() => read(text)).toThrow(message);
  });

  it('reads what other programs have made of it', () => {
    const text = syntheticCsv();
    const rows = read(text);
    expect(read(`\ufeff${text}`), 'a byte order mark').toEqual(rows);
    const lines = text.trimEnd().split('\r\n');
    const changed = (change: (fields: string[], line: number) => string[], lineEnd = '\r\n') =>
      lines.map((line, index) => change(line.split(','), index).join(',') + lineEnd).join('');
    expect(read(changed((fields) => fields.map((field) => `"${field}"`))), 'quotes').toEqual(rows);
    expect(read(changed((fields) => fields.reverse())), 'another order').toEqual(rows);
    expect(read(changed((fields) => fields.reverse()).trimEnd()), 'without the last line end').toEqual(rows);
    const more = changed((fields, line) => [String(line), ...fields, line === 0 ? '__proto__' : '"a, note\n"']);
    expect(read(more), 'more columns').toEqual(rows);
    expect(read(changed((fields) => fields.map((field) => ` ${field}`))), 'spaces').toEqual(rows);
    expect(read(`${text}\r\n\r\n`), 'empty lines').toEqual(rows);
    expect(read(text.replaceAll('nan', 'NaN').replace('0,0,0,', '0.0,0.0,0,')), 'as pandas writes').toEqual(rows);
  });

  it('cannot tell whether a last line is whole where the columns are in another order', () => {
    const reversed = syntheticCsv()
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(',').reverse().join(','))
      .join('\n');
    expect(read(reversed, 'adam.csv.partial')).toEqual(read(syntheticCsv()).slice(0, -1));
  });

  it('refuses lines of two runs', () => {
    const text = syntheticCsv();
    expect(() => read(text + text.slice(text.indexOf('\n') + 1))).toThrow(/line 33 has iteration 0 after 31/);
  });

  it.each(['0x10', '1_0', 'Infinite', '1,5', '--1', '１'])('does not take %s for a number', (word) => {
    expect(() => read(`${header}\n0,0,0,"${word}",1,1,1,1,1\n`)).toThrow(/line 2 has '.*' under Loss; expected a number/);
  });

  it.each(['nan', 'inf', '-1', '0.5', '1e300'])('does not take %s for a count', (word) => {
    expect(() => read(`${header}\n0,${word},0,1,1,1,1,1,1\n`)).toThrow(/under Iteration; expected a count/);
  });

  it('says little of much: a file in one line', () => {
    const message = (text: string, name?: string) => {
      try {
        return String(read(text, name).length);
      } catch (error) {
        return error instanceof UsageError ? error.message : String(error);
      }
    };
    for (const text of [
      'x'.repeat(50_000_000),
      `${header}\n${'x'.repeat(50_000_000)}`,
      `${header}\n0,0,0,${'1'.repeat(5_000_000)}\x1b[31m,1,1,1,1,1\n`,
      `${header}\n"${'0,'.repeat(5_000_000)}`,
    ]) {
      expect(message(text)).toMatch(/adam\.csv: /);
      expect(message(text).length).toBeLessThan(500);
      expect(message(text)).not.toMatch(/[\x00-\x1f]/);
    }
  });

  it('names a file that is not there', () => {
    expect(() => readRun(`${dir}/none.csv`)).toThrow(/none\.csv cannot be read/);
  });
});
