import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, FormatError, type ArraySource } from '../../src/run/safetensors.js';

const arrays: ArraySource[] = [
  { name: 'lin1.weight', type: 'F32', shape: [2, 3], values: () => Float32Array.of(1, -2, 3.5, Number.NaN, 0, 6) },
  { name: 'scalar', type: 'F32', shape: [], values: () => Float32Array.of(7) },
  { name: 'sums', type: 'F64', shape: [2], values: () => Float64Array.of(Math.PI, Infinity) },
  { name: 'order', type: 'U32', shape: [2], values: () => Uint32Array.of(1, 0xffffffff) },
  { name: 'nothing', type: 'F64', shape: [0], values: () => new Float64Array() },
  { name: 'digest', type: 'U8', shape: [3], values: () => Uint8Array.of(1, 2, 255) },
];
const file = Buffer.concat([...encodeSafetensors(arrays, { format: 'pt' })]);

it('writes the bytes that the specification asks for', () => {
  const [one] = [{ name: 'a', type: 'F32', shape: [1], values: () => Float32Array.of(1) } satisfies ArraySource];
  const header = '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const bytes = Buffer.concat([...encodeSafetensors([one], { format: 'pt' })]);
  const length = Number(bytes.readBigUInt64LE());
  expect(length % 8).toBe(0);
  expect(
    bytes
      .subarray(8, 8 + length)
      .toString()
      .trimEnd(),
  ).toBe(header);
  expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f]);
});

it('reads what it wrote', () => {
  const { metadata, arrays: read } = decodeSafetensors(file);
  expect([...metadata]).toEqual([['format', 'pt']]);
  expect([...read.keys()]).toEqual(arrays.map(({ name }) => name));
  for (const { name, shape, values } of arrays) expect(read.get(name)).toEqual({ shape, values: values() });
});

describe('a file that is none', () => {
  it.each([0, 5, 8, 40, file.length - 1])('is refused when it is cut to %d bytes', (length) => {
    expect(() => decodeSafetensors(file.subarray(0, length))).toThrow(FormatError);
  });

  it('is refused with bytes too many', () => {
    expect(() => decodeSafetensors(Buffer.concat([file, Buffer.of(0)]))).toThrow('1 bytes too many');
  });

  it.each([
    ['{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', 'a type that is not known'],
    ['{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 'nothing sensible'],
    ['{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 'does not lie where it should'],
    ['{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}', 'cut short within a'],
    ['{"a":1}', 'no JSON of the format'],
    ['[]]', 'no JSON of the format'],
  ])('is refused with the header %s', (header, fault) => {
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    const bytes = Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(4)]);
    expect(() => decodeSafetensors(bytes)).toThrow(fault);
  });
});
