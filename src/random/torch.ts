import type { RandomSource } from './mt19937.js';

/**
 * The random tensors of PyTorch 0.3 on the CPU, number for number: `Tensor.uniform_`, `Tensor.normal_`,
 * `torch.randperm`. Each spends one draw of the source a number, in the order of the elements.
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
 * `n` ≥ 16 numbers, normal with `mean` and `std`: Box-Muller over blocks of 16, in float32 arithmetic. PyTorch's
 * vectorised logarithm and sine may differ from these in the last place of float32.
 *
 * @throws RangeError for n < 16, which PyTorch draws in another way.
 */
export function normal(source: RandomSource, n: number, mean: number, std: number): Float32Array {
  if (n < block) throw new RangeError(`normal: ${n} values asked for; the stream is defined from ${block} values on.`);
  const values = uniform(source, n, 0, 1);
  for (let start = 0; start + block <= n; start += block) boxMuller(values, start, mean, std);
  if (n % block !== 0) {
    values.set(uniform(source, block, 0, 1), n - block);
    boxMuller(values, n - block, mean, std);
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

const block = 16;
const half = block / 2;

/** Uniform in [0, 1), exact in float32: the low 24 bits of a draw. */
function fraction(source: RandomSource): number {
  return (source.next() & 0xffffff) * 2 ** -24;
}

/** Turns the 16 uniform values from `start` on into normal ones; the j-th is paired with the (j + 8)-th. */
function boxMuller(values: Float32Array, start: number, mean: number, std: number): void {
  const { fround } = Math;
  const turn = fround(2 * Math.PI);
  const scale = fround(std);
  const shift = fround(mean);
  for (let j = start; j < start + half; j++) {
    const radius = fround(Math.sqrt(fround(-2 * fround(Math.log(1 - values[j]!)))));
    const angle = fround(turn * values[j + half]!);
    values[j] = fround(fround(radius * fround(Math.cos(angle))) * scale) + shift;
    values[j + half] = fround(fround(radius * fround(Math.sin(angle))) * scale) + shift;
  }
}
