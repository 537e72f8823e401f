/** A stream of random numbers: each call of `next` returns an integer, uniform in 0..2^32-1. */
export interface RandomSource {
  next(): number;
}

const size = 624;
const lag = 397;

/**
 * The Mersenne Twister MT19937, seeded by `init_genrand` with the low 32 bits of `seed`, as `torch.manual_seed` does.
 *
 * Source: Matsumoto & Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number
 * generator", ACM TOMACS 8 (1998); initialisation of 2002.
 *
 * @param seed an integer, |seed| < 2^53.
 */
export function mt19937(seed: number): RandomSource {
  const state = initialState(seed);
  let position = size;
  return {
    next() {
      if (position === size) {
        twist(state);
        position = 0;
      }
      return temper(state[position++]!);
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

function twist(state: Uint32Array): void {
  for (let i = 0; i < size; i++) {
    const mixed = (state[i]! & 0x80000000) | (state[(i + 1) % size]! & 0x7fffffff);
    state[i] = state[(i + lag) % size]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
  }
}

function temper(word: number): number {
  word ^= word >>> 11;
  word ^= (word << 7) & 0x9d2c5680;
  word ^= (word << 15) & 0xefc60000;
  return (word ^ (word >>> 18)) >>> 0;
}
