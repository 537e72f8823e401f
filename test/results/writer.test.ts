import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.js';
import type { Row } from '../../src/results/row.js';
import { openResults } from '../../src/results/writer.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-results-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

function row(values: Partial<Row>): Row {
  const none = { lossEpoch: NaN, validLossEpoch: NaN, alphaEpoch: NaN };
  return { epoch: 1, iteration: 2, time: 0.5, loss: 2, alpha: 0.001, beta: 1e-7, ...none, ...values };
}

const header = 'Epoch,Iteration,Time,Loss,LossEpoch,ValidLossEpoch,Alpha,AlphaEpoch,Beta\r\n';

test('writes the bytes of the published files', () => {
  const target = join(folder, 'logreg', '+1e-03_+1e-07', 'adam_hd.csv');
  const writer = openResults(target);
  const start = { loss: 2.2260472774505615, lossEpoch: 2.2260472774505615, validLossEpoch: 2.285788642883301 };
  writer.write([
    row({ epoch: 0, iteration: 0, time: 0, ...start, alpha: 0.001, alphaEpoch: 0.001 }),
    row({ iteration: 3, time: 0.01590251922607422, loss: 2.2117326259613037, alpha: 0.0010083777436611272 }),
  ]);
  const end = { loss: 0.2290872484445572, lossEpoch: 0.258276855306966, validLossEpoch: 0.27232620100975036 };
  const rates = { alpha: 0.0010315670664668537, alphaEpoch: 0.0010367887360379767 };
  writer.write([row({ epoch: 10, iteration: 4691, time: 39.08386778831482, ...end, ...rates })]);
  writer.finish();
  expect(readFileSync(target, 'latin1')).toBe(
    header +
      '0,0,0,2.2260472774505615,2.2260472774505615,2.285788642883301,0.001,0.001,1e-07\r\n' +
      '1,3,0.01590251922607422,2.2117326259613037,nan,nan,0.0010083777436611272,nan,1e-07\r\n' +
      '10,4691,39.08386778831482,0.2290872484445572,0.258276855306966,0.27232620100975036,' +
      '0.0010315670664668537,0.0010367887360379767,1e-07\r\n',
  );
  expect(existsSync(writer.partial)).toBe(false);
});

test('writes figures that ran away', () => {
  const target = join(folder, 'sgd.csv');
  const writer = openResults(target);
  writer.write([row({ loss: NaN, alpha: -Infinity, alphaEpoch: 1e16, beta: 0 })]);
  writer.finish();
  expect(readFileSync(target, 'latin1')).toBe(`${header}1,2,0.5,nan,nan,nan,-inf,1e+16,0.0\r\n`);
});

test('keeps an unfinished run beside the finished one', () => {
  const target = join(folder, 'sgd.csv');
  writeFileSync(target, 'earlier');
  const writer = openResults(target);
  writer.write([row({ iteration: 2 })]);
  expect(readFileSync(writer.partial, 'latin1')).toContain('1,2,0.5');
  writer.write([row({ iteration: 3 })]);
  writer.close();
  writer.close();
  expect(readFileSync(target, 'latin1')).toBe('earlier');
  expect(writer.partial).toBe(`${target}.partial`);
  expect(readFileSync(writer.partial, 'latin1').split('\r\n')).toHaveLength(4);
});

test('takes the place of an earlier run, and of what one left unfinished', () => {
  const target = join(folder, 'sgd.csv');
  writeFileSync(target, 'earlier');
  writeFileSync(`${target}.partial`, 'left, '.repeat(100));
  const writer = openResults(target);
  writer.finish();
  writer.close();
  expect(readFileSync(target, 'latin1')).toBe(header);
});

test('names a target that cannot be written', () => {
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'folder.csv'));
  mkdirSync(join(folder, 'taken.csv.partial'));
  for (const name of ['file/sgd.csv', 'file/below/sgd.csv', 'folder.csv', 'taken.csv', `${'long'.repeat(100)}.csv`]) {
    const target = join(folder, name);
    const open = () => openResults(target);
    expect(open).toThrow(UsageError);
    expect(open).toThrow(`Cannot write ${target}`);
    expect(open).not.toThrow('\n');
  }
});
