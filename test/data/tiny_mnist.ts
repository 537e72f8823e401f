/** The four files of MNIST, with so many images; the pixels differ from place to place. */
export function tinyMnist(train: number, test: number): Record<string, Uint8Array> {
  const set = (count: number) => [
    idx([count, 28, 28], (i) => Math.imul(i, 2654435761) >>> 24),
    idx([count], (i) => i % 10),
  ];
  const [trainImages, trainLabels] = set(train);
  const [testImages, testLabels] = set(test);
  return {
    'train-images-idx3-ubyte': trainImages!,
    'train-labels-idx1-ubyte': trainLabels!,
    't10k-images-idx3-ubyte': testImages!,
    't10k-labels-idx1-ubyte': testLabels!,
  };
}

function idx(shape: readonly number[], value: (index: number) => number): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((length, i) => header.writeUInt32BE(length, 4 + 4 * i));
  const count = shape.reduce((product, length) => product * length, 1);
  return Buffer.concat([header, Uint8Array.from({ length: count }, (_, i) => value(i))]);
}
