/*
 * WebAssembly's binary format, as much of it as the kernels need. An instruction is a function that takes the code of its
 * operands. Opcodes: WebAssembly core specification 2.0, "Index of Instructions"; atomic ones: its threads proposal.
 */

/** Bytes, nested as expressions are. */
export type Code = readonly (number | Code)[];

const types = { i32: 0x7f, v128: 0x7b } as const;
export type Type = keyof typeof types;

/** A function's local variable. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** A function that is being written; the last value of its body is its result. */
export class Routine {
  readonly parameters: readonly Local[];
  body: Code = [];
  readonly #locals: Type[] = [];

  constructor(
    readonly parameterTypes: readonly Type[],
    readonly result?: Type,
  ) {
    this.parameters = parameterTypes.map((_, i) => localAt(i));
  }

  local(type: Type): Local {
    this.#locals.push(type);
    return localAt(this.parameterTypes.length + this.#locals.length - 1);
  }

  get type(): Code {
    const results = this.result ? [types[this.result]] : [];
    return [0x60, vector(this.parameterTypes.map((type) => types[type])), vector(results)];
  }

  get code(): Code {
    const locals = vector(this.#locals.map((type) => [1, types[type]]));
    return sized([locals, this.body, 0x0b]);
  }
}

/** A module on an imported shared memory, `env.memory`. */
export class Module {
  readonly #routines: Routine[] = [];
  readonly #exports: Code[] = [];

  /** Adds a function; returns what calls it. */
  add(routine: Routine, exported?: string): (...operands: Code[]) => Code {
    const index = unsigned(this.#routines.length);
    this.#routines.push(routine);
    if (exported !== undefined) this.#exports.push([name(exported), 0x00, index]);
    return (...operands) => [operands, 0x10, index];
  }

  /**
   * @param constants what an instance of the module lays down in the memory.
   * @param pages the most of 64 KiB that the memory may have.
   */
  encode(
    constants: readonly { readonly place: number; readonly bytes: Uint8Array }[],
    pages: number,
  ): Uint8Array<ArrayBuffer> {
    const section = (id: number, content: Code) => [id, sized(content)];
    const data = constants.map(({ place, bytes }) => [0x00, i32.const(place), 0x0b, vector([...bytes])]);
    return Uint8Array.from(
      flat([
        [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
        section(1, vector(this.#routines.map(({ type }) => type))),
        section(2, vector([[name('env'), name('memory'), 0x02, 0x03, unsigned(1), unsigned(pages)]])),
        section(3, vector(this.#routines.map((_, i) => unsigned(i)))),
        section(7, vector(this.#exports)),
        section(10, vector(this.#routines.map(({ code }) => code))),
        section(11, vector(data)),
      ]),
    );
  }
}

const unary = (opcode: Code) => (a: Code) => [a, opcode];
const binary = (opcode: Code) => (a: Code, b: Code) => [a, b, opcode];
const ternary = (opcode: Code) => (a: Code, b: Code, c: Code) => [a, b, c, opcode];
const simd = (opcode: number): Code => [0xfd, unsigned(opcode)];
/** Loads and stores at an address and a fixed offset from it; `align` is a promise of 2^align bytes. */
const load =
  (opcode: Code, align: number) =>
  (address: Code, offset = 0): Code => [address, opcode, align, unsigned(offset)];
const store =
  (opcode: Code, align: number) =>
  (address: Code, value: Code, offset = 0): Code => [address, value, opcode, align, unsigned(offset)];

export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  load: load([0x28], 2),
  load8: load([0x2d], 0),
  store: store([0x36], 2),
  equalsZero: unary([0x45]),
  equal: binary([0x46]),
  less: binary([0x48]),
  trailingZeros: unary([0x68]),
  add: binary([0x6a]),
  sub: binary([0x6b]),
  mul: binary([0x6c]),
  and: binary([0x71]),
  or: binary([0x72]),
  shiftLeft: binary([0x74]),
  /** a where the condition holds, else b. */
  select: ternary([0x1b]),
  atomicLoad: load([0xfe, 0x10], 2),
  atomicStore: store([0xfe, 0x17], 2),
  /** Sleeps for as long as the number at the address is the given one and nobody notifies. */
  wait: (address: Code, expected: Code): Code => [address, expected, [0x42, 0x7f], 0xfe, 0x01, 2, 0, 0x1a],
  notify: (address: Code): Code => [address, i32.const(1), 0xfe, 0x00, 2, 0, 0x1a],
};

export const v128 = {
  load: load(simd(0x00), 2),
  /** Eight bytes, each as two bytes. */
  load8x8: load(simd(0x02), 0),
  loadSplat: load(simd(0x09), 2),
  load64Splat: load(simd(0x0a), 3),
  /** Four bytes, then zeros. */
  loadZero: load(simd(0x5c), 0),
  store: store(simd(0x0b), 2),
  /** The first lane of 32 bits. */
  storeFirst: (address: Code, value: Code, offset = 0): Code => [address, value, simd(0x5a), 2, unsigned(offset), 0],
  const: (bytes: NodeJS.TypedArray): Code => [
    simd(0x0c),
    ...new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ],
  /** Lanes of 32 bits: 0 to 3 are a's, 4 to 7 b's. */
  shuffle: (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code => [
    ...[a, b, simd(0x0d)],
    lanes.map((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  ],
  not: unary(simd(0x4d)),
  and: binary(simd(0x4e)),
  or: binary(simd(0x50)),
  /** The bits of a where the mask's are 1, else those of b. */
  select: ternary(simd(0x52)),
};

export const i16x8 = { fromLowBytes: unary(simd(0x89)) };

export const i32x4 = {
  const: (...values: number[]): Code => v128.const(Int32Array.from({ length: 4 }, (_, i) => values[i] ?? values[0]!)),
  splat: unary(simd(0x11)),
  first: (a: Code): Code => [a, simd(0x1b), 0],
  equal: binary(simd(0x37)),
  less: binary(simd(0x39)),
  /** Whether each lane's highest bit is 1, as four bits. */
  bits: unary(simd(0xa4)),
  fromLow: unary(simd(0xa9)),
  fromHigh: unary(simd(0xaa)),
  add: binary(simd(0xae)),
};

export const i64x2 = {
  const: (value: bigint): Code => v128.const(BigInt64Array.of(value, value)),
  shiftLeft: binary(simd(0xcb)),
  shiftRight: binary(simd(0xcd)),
  add: binary(simd(0xce)),
};

export const f32x4 = {
  const: (value: number): Code => v128.const(new Float32Array(4).fill(value)),
  equal: binary(simd(0x41)),
  less: binary(simd(0x43)),
  greater: binary(simd(0x44)),
  lessOrEqual: binary(simd(0x45)),
  greaterOrEqual: binary(simd(0x46)),
  abs: unary(simd(0xe0)),
  neg: unary(simd(0xe1)),
  sqrt: unary(simd(0xe3)),
  add: binary(simd(0xe4)),
  sub: binary(simd(0xe5)),
  mul: binary(simd(0xe6)),
  div: binary(simd(0xe7)),
  min: binary(simd(0xe8)),
  max: binary(simd(0xe9)),
  fromInt: unary(simd(0xfa)),
  /** Two, then zeros. */
  fromDouble: unary(simd(0x5e)),
};

export const f64x2 = {
  const: (value: number): Code => v128.const(Float64Array.of(value, value)),
  equal: binary(simd(0x47)),
  less: binary(simd(0x49)),
  greater: binary(simd(0x4a)),
  /** To the nearest integer. */
  nearest: unary(simd(0x94)),
  neg: unary(simd(0xed)),
  add: binary(simd(0xf0)),
  sub: binary(simd(0xf1)),
  mul: binary(simd(0xf2)),
  div: binary(simd(0xf3)),
  min: binary(simd(0xf4)),
  max: binary(simd(0xf5)),
  /** The first two. */
  fromFloat: unary(simd(0x5f)),
};

/** Repeats for as long as the condition holds afterwards. */
export function repeat(body: Code, condition: Code): Code {
  return [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];
}

export function when(condition: Code, then: Code): Code {
  return [condition, 0x04, 0x40, then, 0x0b];
}

/** Repeats for as long as a local is less than the end. */
export function whileLess(local: Local, end: Code, body: Code): Code {
  const isLess = i32.less(local.get, end);
  return when(isLess, repeat(body, isLess));
}

/** The same, where the local grows by a step each time. */
export function count(local: Local, end: Code, step: number, body: Code): Code {
  return whileLess(local, end, [body, local.set(i32.add(local.get, i32.const(step)))]);
}

function localAt(index: number): Local {
  return { get: [0x20, unsigned(index)], set: (value) => [value, 0x21, unsigned(index)] };
}

function name(text: string): Code {
  return vector([...new TextEncoder().encode(text)]);
}

function vector(items: Code): Code {
  return [unsigned(items.length), items];
}

function sized(code: Code): Code {
  const bytes = flat(code);
  return [unsigned(bytes.length), bytes];
}

function flat(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === 'number') into.push(part);
    else flat(part, into);
  }
  return into;
}

/** LEB128, as are all numbers in the format. */
function unsigned(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >>> 7;
  return rest === 0 ? [low] : [low | 0x80, ...unsigned(rest)];
}

function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = rest === (low & 0x40 ? -1 : 0);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}
