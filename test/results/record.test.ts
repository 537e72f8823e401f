import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { differences, inWords, readRecord, runId, writeRecord } from '../../src/results/record.js';
import { identity, record } from '../record.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
});
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

it('is read as it was written, numbers that JSON does not have included', () => {
  const path = join(folder, 'sgd.json');
  writeRecord(path, record);
  expect(readRecord(path)).toEqual(record);
  expect(readFileSync(path, 'utf8')).toMatch(/"loss": "nan",\n +"lossEpoch": "inf",\n +"validLossEpoch": "-inf"/);
  expect(readRecord(join(folder, 'none.json'))).toBeUndefined();
});

it.each(['', '{', 'null', '[]', '{"schema":2}', '{"schema":1,"state":"finished"}'])('%j is no record', (text) => {
  const path = join(folder, 'sgd.json');
  writeFileSync(path, text);
  expect(() => readRecord(path)).toThrow(UsageError);
  expect(() => readRecord(path)).toThrow(path);
});

it('is none where any of its fields is gone, or of another kind', () => {
  const path = join(folder, 'sgd.json');
  const fields = (value: object, prefix: readonly string[] = []): string[][] =>
    Object.entries(value).flatMap(([name, each]: [string, unknown]) => [
      [...prefix, name],
      ...(typeof each === 'object' && each !== null && name !== 'settings' ? fields(each, [...prefix, name]) : []),
    ]);
  writeRecord(path, record);
  const text = readFileSync(path, 'utf8');
  for (const names of fields(record)) {
    for (const odd of [undefined, [], { a: 1 }, true]) {
      const changed = JSON.parse(text) as Record<string, unknown>;
      const parent = names.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, changed);
      parent[names.at(-1)!] = odd;
      writeFileSync(path, JSON.stringify(changed));
      if (names.join() === 'settings' && !Array.isArray(odd) && typeof odd === 'object') continue; // others than known
      expect(() => readRecord(path), `${names.join('.')}: ${JSON.stringify(odd)}`).toThrow(UsageError);
    }
  }
});

describe('two runs', () => {
  const withSetting = (name: string, value: number) => ({
    ...identity,
    settings: { ...identity.settings, [name]: value },
  });

  it('are the same on any machine, and go as far as they are told', () => {
    for (const name of ['threads', 'workers', 'device', 'epochs', 'iterations']) {
      expect(differences(identity, withSetting(name, 7)), name).toEqual([]);
    }
    expect(runId(withSetting('threads', 7))).toBe(runId(identity));
    expect(runId(withSetting('epochs', 7)), 'how far belongs to what it is').not.toBe(runId(identity));
  });

  it('differ in settings, engine, data or code', () => {
    expect(differences(identity, withSetting('alpha_0', 0.002))).toEqual([{ name: '--alpha_0', a: 0.001, b: 0.002 }]);
    expect(differences(identity, withSetting('clip', 1)).map(inWords)).toEqual(['--clip off, now 1']);
    for (const name of ['__proto__', 'constructor']) {
      const settings = { ...identity.settings };
      Object.defineProperty(settings, name, { value: 1, enumerable: true });
      expect(differences({ ...identity, settings }, identity)).toEqual([{ name: `--${name}`, a: 1, b: null }]);
    }
    const other = {
      ...identity,
      engine: { name: 'cpu', version: 'tfjs 4' },
      data: { ...identity.data, digest: 'fedcba9876543210' },
      code: '0.2.0',
    };
    expect(differences(identity, other).map(inWords)).toEqual([
      'engine onnx (onnxruntime-node 1), now cpu (tfjs 4)',
      'data MNIST (SHA-256 abcdef012345…), now MNIST (SHA-256 fedcba987654…)',
      'hypergrad 0.1.0, now 0.2.0',
    ]);
    expect(new Set([identity, withSetting('clip', 1), other].map(runId)).size).toBe(3);
  });

  it('are told apart whatever the order of their settings', () => {
    const reversed = { ...identity, settings: Object.fromEntries(Object.entries(identity.settings).reverse()) };
    expect(runId(reversed)).toBe(runId(identity));
  });
});
