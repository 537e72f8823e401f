import type { RandomSource } from './mt19937.js';

/**
 * The random tensors of PyTorch 0.3 on the CPU, number for number: `Tensor.uniform_`, `Tensor.normal_`,
 * `torch.randperm`, in the order of the elements. `uniform` spends one draw of the source a number.
 */

/** `n` numbers, uniform in [low, high), in float32 arithmetic. */
export function uniform(source: RandomSource, n: number, low: number, high: number): Float32Array {
  const { fround } = Math;
  const start = fround(low);
  const range = fround(fround(high) - start);
  const values = new Float32Array(n);
  for (let i = 0; i < n; i++) values[i] = fround(fraction(source) * range) + start;
  return values;
}

/**
 * `n` numbers, n even, normal with `mean` and `std`: Box-Muller in float64 arithmetic; spends four draws a pair. (Later
 * versions of PyTorch fill 16 values or more in another way, with a draw each.)
 *
 * @throws RangeError for an odd n, where PyTorch would keep the second number of the last pair for the next call.
 */
export function normal(source: RandomSource, n: number, mean: number, std: number): Float32Array {
  if (n % 2 !== 0) throw new RangeError(`normal: ${n} values asked for; it draws pairs.`);
  const values = new Float32Array(n);
  for (let i = 0; i < n; i += 2) {
    const angle = 2 * Math.PI * longFraction(source);
    const radius = Math.sqrt(-2 * Math.log(1 - longFraction(source)));
    values[i] = radius * Math.cos(angle) * std + mean;
    values[i + 1] = radius * Math.sin(angle) * std + mean;
  }
  return values;
}

/** A permutation of 0..n-1 by Fisher-Yates; spends n - 1 draws. */
export function permutation(source: RandomSource, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < n - 1; i++) {
    const j = i + (source.next() % (n - i));
    const other = order[j]!;
    order[j] = order[i]!;
    order[i] = other;
  }
  return order;
}

/** Uniform in [0, 1), exact in float32: the low 24 bits of a draw. */
function fraction(source: RandomSource): number {
  return (source.next() & 0xffffff) * 2 ** -24;
}

/** Uniform in [0, 1), exact in float64: the low 53 bits of two draws, the higher one first. */
function longFraction(source: RandomSource): number {
  const high = source.next() & 0x1fffff;
  return (high * 2 ** 32 + source.next()) * 2 ** -53;
}
