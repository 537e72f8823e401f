import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from '../../src/run/checkpoint.js';
import { decodeSafetensors } from '../../src/run/safetensors.js';

/** A convolution's weight, [3, 3, inputs, outputs], whose figures tell where they stand. */
const weight = {
  shape: [3, 3, 2, 4],
  values: Float32Array.from({ length: 72 }, (_, i) => i),
};
const state = {
  'parameters/features.0.weight': weight,
  'parameters/features.0.bias': { shape: [4], values: Float32Array.of(1, 2, 3, 4) },
  'buffers/features.1.running_mean': { shape: [4], values: Float32Array.of(5, 6, 7, Number.NaN) },
  'rule/m/features.0.weight': { shape: [3, 3, 2, 4], values: weight.values.map((x) => -x) },
  'rule/drift/high': { shape: [], values: Float32Array.of(1e-9) },
};
const checkpoint: Checkpoint = {
  identity: {
    settings: { model: 'vgg', alpha_0: 0.001, clip: null },
    engine: { name: 'onnx', version: '1' },
    data: { name: 'CIFAR-10', digest: 'ab', train: 50_000, test: 10_000 },
    code: '0.1.0',
  },
  started: '2026-01-02T03:04:05.678Z',
  resumed: 2,
  rows: { count: 7, bytes: 700, sha256: 'cd' },
  reached: {
    ...{ epoch: 1, iteration: 8, loss: 0.1, lossEpoch: Number.NaN },
    ...{ validLossEpoch: Infinity, validAccuracy: 0.5, alpha: 0.1 + 0.2 },
  },
  position: {
    ...{ step: 7, lossSum: 0.1 + 0.2, alphaSum: Number.NaN, seconds: 1.5 },
    due: { loss: 2, alpha: -Infinity },
    order: mt19937(1).state(),
  },
  state: () => Promise.resolve(state),
};

let folder = '';
let path = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
  path = join(folder, 'sgd.checkpoint.safetensors');
  await writeCheckpoint(path, checkpoint);
});
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 10 }));

it('is read as it was written', async () => {
  const { state: read, ...rest } = readCheckpoint(path)!;
  const { state: written, ...others } = checkpoint;
  expect(rest).toEqual(others);
  expect(await read()).toEqual(await written());
  expect(readCheckpoint(join(folder, 'none'))).toBeUndefined();
});

it("has the network under PyTorch's names, and convolutions as [outputs, inputs, 3, 3]", () => {
  const { arrays } = decodeSafetensors(readFileSync(path));
  const { shape, values } = arrays.get('features.0.weight')!;
  expect(shape).toEqual([4, 2, 3, 3]);
  // Output 3, input 1, row 2, column 0 there is row 2, column 0, input 1, output 3 here.
  expect(values[((3 * 2 + 1) * 3 + 2) * 3]).toBe(((2 * 3 + 0) * 2 + 1) * 4 + 3);
  expect([...arrays.keys()].slice(0, 3)).toEqual(['features.0.weight', 'features.0.bias', 'features.1.running_mean']);
});

describe('a checkpoint that is damaged', () => {
  const damaged = () => join(folder, 'damaged');

  it('is refused, whichever of its bytes is another', () => {
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += at < 100 ? 1 : 5) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1 << (at % 8);
      writeFileSync(damaged(), bytes);
      expect(() => readCheckpoint(damaged()), `byte ${at}`).toThrow(UsageError);
    }
  });

  it('is refused, wherever it is cut short', () => {
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(damaged(), whole.subarray(0, length));
      expect(() => readCheckpoint(damaged()), `${length} bytes`).toThrow(UsageError);
    }
  });

  it.each([
    ['"step":7', '"step":[]', 'not in the layout of this version'],
    ['"resumed":2', '"resumed":2.5', 'not in the layout of this version'],
    ['"digest":"ab"', '"digest":[12]', 'not in the layout of this version'],
    ['"version":"1"', '"version":[1]', 'metadata that is no text'],
    ['"version":"1"', '"versioN":"1"', 'layout is none'],
  ])('is refused where it has the right SHA-256 and %s is %s', (before, after, fault) => {
    const text = readFileSync(path).toString('latin1');
    const quoted = (part: string) => (text.includes(part) ? part : JSON.stringify(part).slice(1, -1));
    const [from, to] = [quoted(before), quoted(before) === before ? after : JSON.stringify(after).slice(1, -1)];
    expect(text).toContain(from);
    const bytes = Buffer.from(text.replace(from, to.padEnd(from.length)), 'latin1');
    const header = Number(bytes.readBigUInt64LE()) + bytes.length - text.length;
    bytes.writeBigUInt64LE(BigInt(header));
    createHash('sha256')
      .update(bytes.subarray(0, -32))
      .digest()
      .copy(bytes, bytes.length - 32);
    writeFileSync(damaged(), bytes);
    expect(() => readCheckpoint(damaged())).toThrow(UsageError);
    expect(() => readCheckpoint(damaged())).toThrow(fault);
  });

  it.each([
    ['of another kind', '"hypergrad checkpoint"', '"something quite else"', 'of another kind'],
    ['of a newer version', '"version":"1"', '"version":"2"', 'another version'],
  ])('is refused where it is %s', (_, before, after, fault) => {
    const bytes = Buffer.from(readFileSync(path).toString('latin1').replace(before, after), 'latin1');
    writeFileSync(damaged(), bytes);
    expect(() => readCheckpoint(damaged())).toThrow(fault);
    expect(() => readCheckpoint(damaged())).toThrow(damaged());
  });
});
