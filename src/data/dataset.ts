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
  readonly train: ImageSet;
  readonly test: ImageSet;
}
