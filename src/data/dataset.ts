/** Labelled images as the raw bytes of their files; the engine normalises them. */
export interface ImageSet {
  /** Pixels 0..255, shape [count, ...imageShape], row-major. */
  readonly images: Uint8Array;
  /** Classes 0..classes-1, shape [count]. */
  readonly labels: Uint8Array;
  readonly count: number;
}

export interface Dataset {
  readonly name: string;
  /** Shape of one image in `images`: [28, 28] for MNIST. */
  readonly imageShape: readonly number[];
  readonly classes: number;
  /** Normalisation of a pixel p: (p / 255 - mean) / std; one figure a channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Whether training images are flipped and cropped at random. */
  readonly augmented: boolean;
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/** Bytes of one image. */
export function sizeOf(imageShape: readonly number[]): number {
  return imageShape.reduce((product, length) => product * length, 1);
}

/** The rows of a byte array of rows of `size`, one after the other. */
export function rowsOf(bytes: Uint8Array, rows: Int32Array, size: number): Uint8Array<ArrayBuffer> {
  const picked = new Uint8Array(rows.length * size);
  rows.forEach((row, i) => {
    picked.set(bytes.subarray(row * size, (row + 1) * size), i * size);
  });
  return picked;
}
