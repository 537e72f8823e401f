import {
  customGrad,
  matMul,
  reshape,
  sum,
  tensor2d,
  transpose,
  type GradSaveFunc,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/**
 * Winograd's minimal filtering F(m, 3): m outputs of a 3-tap filter from m + 2 products (Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks", CVPR 2016). y = Aᵀ[(G·g) ⊙ (Bᵀ·d)] with the tile d of m + 2 inputs.
 */
export interface Tile {
  readonly outputs: number;
  /** Bᵀ, [r, m + 2] for r products. */
  readonly inputTransform: readonly (readonly number[])[];
  /** G, [r, 3]. */
  readonly filterTransform: readonly (readonly number[])[];
  /** Aᵀ, [m, r]. */
  readonly outputTransform: readonly (readonly number[])[];
}

/**
 * F(4, 3) saves more products than F(2, 3), and rounds more. Its points are chosen for that: with the usual 0, ±1, ±2 its
 * error is twice as large. `alone2` is for a tile of two outputs without neighbours: its first and last input are
 * padding, so that three products do: y₀ = g₁·(d₁ + d₂) + (g₂ − g₁)·d₂, y₁ = g₁·(d₁ + d₂) + (g₀ − g₁)·d₁.
 */
export const tiles = {
  f2: tile([0, 1, -1]),
  f4: tile([0, 5 / 8, -5 / 8, 3 / 2, -3 / 2]),
  alone2: {
    outputs: 2,
    inputTransform: [
      [0, 1, 1, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
    ],
    filterTransform: [
      [0, 1, 0],
      [1, -1, 0],
      [0, -1, 1],
    ],
    outputTransform: [
      [1, 0, 1],
      [1, 1, 0],
    ],
  },
} satisfies Record<string, Tile>;

/**
 * F(m, 3) by Toom and Cook: polynomials are multiplied by their values at m + 1 points and at infinity.
 *
 * Source: Barabasz, Anderson, Soodhalter, Gregg, "Error Analysis and Improving the Accuracy of Winograd Convolution for
 * Deep Neural Networks", ACM TOMS 46 (2020).
 */
function tile(points: readonly number[]): Tile {
  const outputs = points.length - 1;
  const others = (point: number) => points.filter((other) => other !== point);
  const powers = (point: number, count: number) => Array.from({ length: count }, (_, power) => point ** power);
  return {
    outputs,
    inputTransform: [...points.map((point) => [...polynomial(others(point)), 0]), polynomial(points)],
    filterTransform: [
      ...points.map((point) => {
        const scale = others(point).reduce((product, other) => product * (point - other), 1);
        return powers(point, 3).map((power) => power / scale);
      }),
      [0, 0, 1],
    ],
    outputTransform: Array.from({ length: outputs }, (_, power) => [
      ...points.map((point) => point ** power),
      power === outputs - 1 ? 1 : 0,
    ]),
  };
}

/** Coefficients of the polynomial with these roots, that of the constant first. */
function polynomial(roots: readonly number[]): number[] {
  return roots.reduce<number[]>(
    (coefficients, root) =>
      [0, ...coefficients].map((coefficient, power) => coefficient - root * (coefficients[power] ?? 0)),
    [1],
  );
}

/**
 * 3x3 convolution, stride 1, padding 1, of x [H, W, N, C], H = W a multiple of `tile.outputs` (2 itself for
 * `tiles.alone2`), by weight [3, 3, C, O]; returns [H, W, N, O].
 *
 * With T tiles and r products a tile along each axis, the transformed input is [r, T, r, T·N, C] and the transformed
 * weight [r, 1, r, C, O]: their product is one batch of matrix products.
 */
export function winograd(x: Tensor4D, weight: Tensor4D, tile: Tile): Tensor4D {
  const [size, , batch, channels] = x.shape;
  const outputs = weight.shape[3];
  const frequencies = tile.filterTransform.length;
  const tileCount = size / tile.outputs;
  const tiled = (y: Tensor, depth: number) =>
    reshape(y, [frequencies, tileCount, frequencies, tileCount * batch, depth]);

  const convolve = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [input, filter, save] = args as [Tensor4D, Tensor4D, GradSaveFunc];
    const V = tiled(alongBoth(inputMatrix(tile, size), input), channels);
    const U = reshape(alongBoth(matrix(tile.filterTransform), filter), [
      frequencies,
      1,
      frequencies,
      channels,
      outputs,
    ]);
    save([V, U]);
    const M = reshape(matMul(V, U), [frequencies * tileCount, frequencies * tileCount, batch, outputs]);

    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [v, u] = saved as [Tensor, Tensor];
      const dM = tiled(alongBoth(transpose(outputMatrix(tile, size)), dy as Tensor4D), outputs);
      const dV = reshape(matMul(dM, u, false, true), [
        frequencies * tileCount,
        frequencies * tileCount,
        batch,
        channels,
      ]);
      const ofTiles = matMul(v, dM, true, false);
      const dU = reshape(tileCount > 1 ? sum(ofTiles, 1) : ofTiles, [frequencies, frequencies, channels, outputs]);
      return [
        alongBoth(transpose(inputMatrix(tile, size)), dV as Tensor4D),
        alongBoth(transpose(matrix(tile.filterTransform)), dU as Tensor4D),
      ];
    };
    return { value: alongBoth(outputMatrix(tile, size), M as Tensor4D), gradFunc };
  });
  return convolve(x, weight);
}

/** Multiplies both leading axes of x [H, W, A, B], H = W, by a matrix [R, H]; returns [R, R, A, B]. */
function alongBoth(m: Tensor2D, x: Tensor4D): Tensor4D {
  const [height, width, a, b] = x.shape;
  const rows = m.shape[0];
  const first = matMul(m, reshape(x, [height, width * a * b]));
  const second: Tensor = matMul(m as Tensor, reshape(first, [rows, width, a * b]));
  return reshape(second, [rows, rows, a, b]);
}

/** Bᵀ of every tile, [r·T, size]: row (ξ, t) gives frequency ξ of tile t, which begins in the padding. */
function inputMatrix({ outputs, inputTransform }: Tile, size: number): Tensor2D {
  const count = size / outputs;
  const values = new Float32Array(inputTransform.length * count * size);
  inputTransform.forEach((row, xi) => {
    row.forEach((value, i) => {
      for (let t = 0; t < count; t++) {
        const position = t * outputs + i - 1;
        if (position >= 0 && position < size) values[(xi * count + t) * size + position] = value;
      }
    });
  });
  return tensor2d(values, [inputTransform.length * count, size]);
}

/** Aᵀ of every tile, [size, r·T]: the outputs from the frequencies of their tiles. */
function outputMatrix({ outputs, outputTransform }: Tile, size: number): Tensor2D {
  const count = size / outputs;
  const width = outputTransform[0]!.length * count;
  const values = new Float32Array(size * width);
  outputTransform.forEach((row, o) => {
    row.forEach((value, xi) => {
      for (let t = 0; t < count; t++) values[(t * outputs + o) * width + xi * count + t] = value;
    });
  });
  return tensor2d(values, [size, width]);
}

function matrix(rows: readonly (readonly number[])[]): Tensor2D {
  return tensor2d(rows.map((row) => [...row]));
}
