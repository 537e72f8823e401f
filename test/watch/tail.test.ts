import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rowParser } from '../../src/results/read.js';
import { tailOf } from '../../src/watch/tail.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

const text = syntheticCsv();
/** Where the line of this iteration ends. */
const endOf = (iteration: number) => text.indexOf('\r\n', text.indexOf(`,${iteration},`)) + 2;
const file = (contents: string) => writeCsv(temporaryFolder(), 'adam.csv.partial', contents);
const iterations = (next: ReturnType<typeof tailOf>) => next().rows.map(({ iteration }) => iteration);

it('gives each row once, and a line without its end later', () => {
  const path = file(text.slice(0, endOf(3) + 5));
  const next = tailOf(path, rowParser);
  expect(next()).toMatchObject({
    anew: true,
    more: false,
    rows: [{ iteration: 0 }, { iteration: 2 }, { iteration: 3 }],
  });
  expect(next()).toEqual({ anew: false, more: false, rows: [] });
  appendFileSync(path, text.slice(endOf(3) + 5, endOf(6) - 1));
  expect(iterations(next)).toEqual([4, 5]);
  appendFileSync(path, text.slice(endOf(6) - 1));
  expect(iterations(next)).toEqual(Array.from({ length: 26 }, (_, index) => index + 6));
});

it('begins anew where a resumed run has cut the file and gone on', () => {
  const path = file(text.slice(0, endOf(20)));
  const next = tailOf(path, rowParser);
  next();
  truncateSync(path, endOf(10));
  // It took other times to the same rows: the file gets longer than it was, and its old end is not there.
  const again = text.slice(endOf(10)).replaceAll(/^(\d+,\d+),0\./gm, '$1,17.');
  appendFileSync(path, again);
  const { anew, rows } = next();
  expect(anew).toBe(true);
  expect(rows.map(({ iteration }) => iteration)).toEqual([0, ...Array.from({ length: 30 }, (_, index) => index + 2)]);
  expect(rows.at(-1)?.time).toBe(17.31);
});

it('begins anew where another file has taken its place', () => {
  const path = file(text.slice(0, endOf(20)));
  const next = tailOf(path, rowParser);
  next();
  writeFileSync(`${path}.new`, syntheticCsv({ loss: () => 1 }).slice(0, endOf(4)));
  renameSync(`${path}.new`, path);
  expect(next()).toMatchObject({ anew: true });
});

it('reads a long file in parts', () => {
  const long = file(syntheticCsv({ epochs: 9000 }));
  const next = tailOf(long, rowParser);
  let count = 0;
  for (let parts = 1; ; parts++) {
    const { anew, rows, more } = next();
    expect(anew).toBe(parts === 1);
    count += rows.length;
    if (more) continue;
    expect(parts).toBeGreaterThan(1);
    break;
  }
  expect(count).toBe(90_001);
});

it('says what is no row, and what has gone', () => {
  expect(() => tailOf(file('a,b\n1,2\n'), rowParser)()).toThrow(/no column Epoch/);
  expect(() => tailOf(file(`${text}1,2,3\r\n`), rowParser)()).toThrow(/line 33 has 3 fields; expected 9/);
  expect(() => tailOf(file(text + text.slice(endOf(3), endOf(4))), rowParser)()).toThrow(/iteration 4 after 31/);
  expect(() => tailOf('/nowhere/adam.csv.partial', rowParser)()).toThrow(/cannot be read/);
});
