/**
 * The safetensors format: the header's length as uint64, the header as JSON, the arrays' bytes one after the other; all
 * little-endian. Specification: https://github.com/huggingface/safetensors#format
 */

const elements = { F32: Float32Array, F64: Float64Array, U32: Uint32Array, U8: Uint8Array } as const;
export type ElementType = keyof typeof elements;

/** An array to write; its elements are asked for only when their turn comes. */
export interface ArraySource {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Read before the next array's is asked for, so that both may share memory. */
  readonly values: () => Float32Array | Float64Array | Uint32Array | Uint8Array;
}

/** A file's bytes, part by part. */
export function* encodeSafetensors(
  arrays: readonly ArraySource[],
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, type, shape } of arrays) {
    const start = end;
    end += sizeOf(shape) * elements[type].BYTES_PER_ELEMENT;
    header[name] = { dtype: type, shape, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  // Filled up with blanks, so that arrays of float64 are aligned; the first byte is an opening brace.
  const length = Math.ceil(text.length / 8) * 8;
  const prefix = Buffer.alloc(8 + length, ' ');
  prefix.writeBigUInt64LE(BigInt(length));
  prefix.set(text, 8);
  yield prefix;
  for (const { values } of arrays) {
    const array = values();
    yield new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  }
}

/** What a file holds. */
export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  readonly arrays: ReadonlyMap<string, NamedArray>;
}

export interface NamedArray {
  readonly shape: readonly number[];
  readonly values: ReturnType<ArraySource['values']>;
}

/** A file that is not one of the format, or is damaged: what is wrong with it. */
export class FormatError extends Error {
  override name = 'FormatError';
}

/**
 * Reads a file's bytes. Arrays are copies.
 *
 * @throws FormatError where they are not of this format, cut short, or have more than they announce.
 */
export function decodeSafetensors(file: Uint8Array): Safetensors {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // Of a Buffer, which Node reads files into, a slice would be no copy.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 8)
    throw new FormatError(`it has ${bytes.length} bytes, fewer than the length of its header takes`);
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) throw new FormatError('its header is cut short, or it is a file of another kind');
  const header = parsed(bytes.subarray(8, 8 + length));
  const data = bytes.subarray(8 + length);
  const arrays = new Map<string, NamedArray>();
  let metadata = new Map<string, string>();
  let end = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = new Map(Object.entries(entry as Record<string, string>));
      if (![...metadata.values()].every((text) => typeof text === 'string')) {
        throw new FormatError('its header has metadata that is no text');
      }
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = entry as { dtype: unknown; shape: unknown; data_offsets: unknown };
    const type = Object.keys(elements).find((known): known is ElementType => known === dtype);
    if (type === undefined) throw new FormatError(`its array ${name} is of a type that is not known here`);
    if (!isList(shape) || !isList(offsets)) throw new FormatError(`its header says nothing sensible of ${name}`);
    const [start = 0, stop = 0] = offsets;
    const size = sizeOf(shape) * elements[type].BYTES_PER_ELEMENT;
    if (start !== end || stop - start !== size) throw new FormatError(`its array ${name} does not lie where it should`);
    if (stop > data.length) throw new FormatError(`it is cut short within ${name}`);
    const copy = data.slice(start, stop);
    arrays.set(name, { shape, values: new elements[type](copy.buffer) });
    end = stop;
  }
  if (end !== data.length) throw new FormatError(`it has ${data.length - end} bytes too many at its end`);
  return { metadata, arrays };
}

function parsed(text: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(Buffer.from(text).toString());
    if (typeof header === 'object' && header !== null && Object.values(header).every(isObject)) {
      return header as Record<string, unknown>;
    }
  } catch {
    // Said below.
  }
  throw new FormatError('its header is no JSON of the format');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
