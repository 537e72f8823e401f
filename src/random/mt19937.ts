/** A stream of random numbers. */
export interface RandomSource {
  /** An integer, uniform in 0..2^32-1. */
  next(): number;
  /** Does what `count` calls of `next` do, in less time. */
  skip(count: number): void;
}

/** A stream that can be put down and taken up again. */
export interface Mt19937 extends RandomSource {
  /** All that the next numbers depend on, shape [625]: the words of the state, and how many of them are used up. */
  state(): Uint32Array;
}

const size = 624;
/** Words of a stream's `state`. */
export const stateSize = size + 1;
const lag = 397;

/**
 * The Mersenne Twister MT19937, seeded by `init_genrand` with the low 32 bits of `seed`, as `torch.manual_seed` does.
 *
 * Source: Matsumoto & Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number
 * generator", ACM TOMACS 8 (1998); initialisation of 2002.
 *
 * @param seed an integer, |seed| < 2^53.
 */
export function mt19937(seed: number): Mt19937 {
  return source(initialState(seed));
}

/** The stream that goes on from where another's `state` was taken. */
export function mt19937From(state: Uint32Array): Mt19937 {
  return source(state.slice(0, size), state[size]);
}

/**
 * MT19937 seeded by `init_by_array` with the low 32 bits of each of `keys`: a stream of its own for each array of them.
 *
 * @param keys integers, |key| < 2^53, at least one.
 */
export function mt19937Keyed(keys: readonly number[]): Mt19937 {
  const state = initialState(19650218);
  const steps = Math.max(size, keys.length);
  for (let step = 0; step < steps; step++) {
    const key = step % keys.length;
    mix(state, step, 1664525, (keys[key]! >>> 0) + key);
  }
  for (let step = steps; step < steps + size - 1; step++) mix(state, step, 1566083941, -place(step));
  state[0] = 0x80000000;
  return source(state);
}

function source(state: Uint32Array, position = size): Mt19937 {
  return {
    next() {
      if (position === size) {
        twist(state);
        position = 0;
      }
      return temper(state[position++]!);
    },
    skip(count) {
      position += count;
      for (; position > size; position -= size) twist(state);
    },
    state() {
      const words = new Uint32Array(stateSize);
      words.set(state);
      words[size] = position;
      return words;
    },
  };
}

function initialState(seed: number): Uint32Array {
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++) {
    const previous = state[i - 1]!;
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  return state;
}

/** Where in the state a step of `mix` goes: round and round, but over the first word, which is the last one's copy. */
function place(step: number): number {
  return 1 + (step % (size - 1));
}

function mix(state: Uint32Array, step: number, factor: number, addend: number): void {
  const i = place(step);
  const previous = state[i - 1]!;
  state[i] = (state[i]! ^ Math.imul(previous ^ (previous >>> 30), factor)) + addend;
  if (i === size - 1) state[0] = state[i]!;
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < size; i++) {
    const next = i + 1 < size ? i + 1 : 0;
    const other = i + lag < size ? i + lag : i + lag - size;
    const mixed = (state[i]! & 0x80000000) | (state[next]! & 0x7fffffff);
    state[i] = state[other]! ^ (mixed >>> 1) ^ (-(mixed & 1) & 0x9908b0df);
  }
}

function temper(word: number): number {
  word ^= word >>> 11;
  word ^= (word << 7) & 0x9d2c5680;
  word ^= (word << 15) & 0xefc60000;
  return (word ^ (word >>> 18)) >>> 0;
}
