import { i32, type Code, type Local } from './assembler.js';
import type { Value } from './operations.js';

/** Bytes of a row: so many that the next one begins at a multiple of four numbers; a column has no gaps. */
export function strideOf(columns: number): number {
  return columns === 1 ? 4 : 16 * Math.ceil(columns / 4);
}

/** Where the second part of rows begins, and where it ends. */
export function partOf(rows: number): [from: number, to: number] {
  return [Math.ceil(rows / 2), rows];
}

/** The one number for the first part, the other for the second. */
export function byPart(part: Local, first: number, second: number): Code {
  return i32.select(i32.const(first), i32.const(second), i32.equalsZero(part.get));
}

/** Addresses; those of own values count from the beginning of a thread's own memory. */
export class Places {
  readonly #places = new Map<Value, number>();
  readonly #doubles = new Map<number, number>();
  #own = 0;
  /** What lies there from the beginning. */
  readonly constants: { readonly place: number; readonly bytes: Uint8Array }[] = [];

  /** @param end where free memory begins. */
  constructor(public end: number) {}

  get ownSize(): number {
    return this.#own;
  }

  of(value: Value): number {
    const found = this.#places.get(value);
    if (found !== undefined) return found;
    const place = value.scope === 'own' ? this.#takeOwn(16 * Math.ceil(value.columns / 4)) : this.take(sizeOf(value));
    this.#places.set(value, place);
    if (value.constant) {
      const { rows, columns, constant } = value;
      for (let row = 0; row < rows; row++) {
        const bytes = constant.bytes.subarray(4 * row * columns, 4 * (row + 1) * columns);
        this.constants.push({ place: place + row * strideOf(columns), bytes });
      }
    }
    return place;
  }

  /** The place of a constant in double precision. */
  double(number: number): number {
    const known = this.#doubles.get(number);
    if (known !== undefined) return known;
    const place = this.take(8);
    this.#doubles.set(number, place);
    this.constants.push({ place, bytes: new Uint8Array(Float64Array.of(number).buffer) });
    return place;
  }

  /** Has a value lie where another one lies. */
  join(value: Value, other: Value): void {
    this.#places.set(value, this.of(other));
  }

  take(bytes: number): number {
    const place = this.end;
    this.end += 64 * Math.ceil(bytes / 64);
    return place;
  }

  #takeOwn(bytes: number): number {
    const place = this.#own;
    this.#own += bytes;
    return place;
  }
}

function sizeOf({ rows, columns }: Value): number {
  // Rows are read and written four numbers at a time, and some a number beyond their end.
  return rows * strideOf(columns) + 16;
}

export interface Placed {
  readonly value: Value;
  readonly place: number;
}

/** A value's numbers, row by row. */
export function readPlaced(memory: WebAssembly.Memory, placed: Placed): Float32Array {
  const { rows, columns } = placed.value;
  const values = new Float32Array(rows * columns);
  for (const [row, numbers] of rowsOf(memory, placed).entries()) values.set(numbers, row * columns);
  return values;
}

/** A number that each thread has for itself fills four, so that it is read as four. */
export function writePlaced(memory: WebAssembly.Memory, placed: Placed, values: Float32Array): void {
  const { scope, rows, columns } = placed.value;
  if (scope !== 'rows' && columns === 1) {
    new Float32Array(memory.buffer, placed.place, 4).fill(values[0]!);
    return;
  }
  const all = rowsOf(memory, placed);
  for (let row = 0; row < rows; row++) all[row]!.set(values.subarray(row * columns, (row + 1) * columns));
}

function rowsOf({ buffer }: WebAssembly.Memory, { value: { rows, columns }, place }: Placed): Float32Array[] {
  return Array.from({ length: rows }, (_, row) => new Float32Array(buffer, place + row * strideOf(columns), columns));
}
