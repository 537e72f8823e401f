import { gunzipSync } from 'node:zlib';
import { UsageError } from '../errors.js';
import { readRegular } from './regular.js';

/** An array of unsigned bytes, row-major, with the length of each dimension. */
export interface ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes, plain or gzip-compressed (told apart by content, not by name).
 * Format: two zero bytes, the element type, the number of dimensions, each length as a big-endian uint32, the elements.
 *
 * @throws UsageError naming the file and what was expected.
 */
export function readIdx(path: string): ByteArray {
  const bytes = readBytes(path);
  const shape = readShape(bytes, path);
  const offset = 4 + 4 * shape.length;
  const expected = shape.reduce((product, length) => product * length, 1);
  const found = bytes.length - offset;
  if (found !== expected) {
    const fault = found < expected ? 'is cut short' : 'has surplus bytes at its end';
    const announced = `${shape.join(' x ')} = ${expected} bytes`;
    throw new UsageError(
      `${path} ${fault}: its header announces ${announced} of data, it has ${found}; fetch it again.`,
    );
  }
  return { shape, data: bytes.subarray(offset) };
}

function readBytes(path: string): Uint8Array {
  const bytes = readRegular(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: largest });
  } catch (error) {
    throw new UsageError(`${path} is a damaged gzip file (${(error as Error).message}); fetch it again.`);
  }
}

/** Bytes that a file may unpack to: some 20 times MNIST. A small file can be made to unpack to more than there is memory. */
const largest = 2 ** 30;

const unsignedByte = 0x08;
const otherTypes: Readonly<Record<number, string>> = {
  0x09: 'signed bytes',
  0x0b: '16-bit integers',
  0x0c: '32-bit integers',
  0x0d: '32-bit floats',
  0x0e: '64-bit floats',
};

function readShape(bytes: Uint8Array, path: string): number[] {
  const [zero, alsoZero, type = 0, dimensions = 0] = bytes;
  const other = otherTypes[type];
  if (zero !== 0 || alsoZero !== 0 || (type !== unsignedByte && other === undefined) || dimensions === 0) {
    const start = bytes.length === 0 ? 'is empty' : `begins with the bytes ${hex(bytes.subarray(0, 4))}`;
    throw new UsageError(
      `${path} is not an IDX file: it ${start}; an IDX file of unsigned bytes begins with 00 00 08.`,
    );
  }
  if (other !== undefined) throw new UsageError(`${path} holds ${other}; expected an IDX file of unsigned bytes.`);
  const header = 4 + 4 * dimensions;
  if (bytes.length < header) {
    throw new UsageError(
      `${path} is cut short: the header of ${dimensions} dimensions takes ${header} bytes, it has ${bytes.length}; fetch it again.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
