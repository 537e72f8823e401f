import type { Dataset } from '../../data/dataset.js';
import { count, f32x4, i16x8, i32, i32x4, Routine, v128, type Code, type Local } from './assembler.js';
import { byPart, partOf, strideOf, type Places } from './memory.js';
import type { Value } from './operations.js';

/**
 * A function `(part, rows, images, labels)` that fetches a part's rows of a mini-batch: their labels, and their bytes,
 * normalised as (p/255 − mean)/std by a product and a sum, as the engine onnx does.
 */
export function batchRoutine(
  images: Value,
  labels: Value,
  { mean, std }: Pick<Dataset, 'mean' | 'std'>,
  places: Places,
): Routine {
  const routine = new Routine(['i32', 'i32', 'i32', 'i32']);
  const [part, rows, bytes, classes] = routine.parameters as [Local, Local, Local, Local];
  const [row, end, image, source, along] = Array.from({ length: 5 }, () => routine.local('i32')) as [
    ...[Local, Local, Local, Local, Local],
  ];
  const [index, touched, eight] = [routine.local('i32'), routine.local('i32'), routine.local('v128')];
  const pixels = images.columns;
  const stride = strideOf(pixels);
  const [half, all] = partOf(images.rows);
  const eachRow = (body: Code) => [
    row.set(byPart(part, 0, 4 * half)),
    end.set(byPart(part, 4 * half, 4 * all)),
    count(row, end.get, 4, [
      index.set(i32.load(i32.add(rows.get, row.get))),
      source.set(i32.add(bytes.get, i32.mul(index.get, i32.const(pixels)))),
      body,
    ]),
  ];

  // Images that lie anywhere come from memory: one load a cache line fetches many lines at once, where the loop below would
  // wait for one after the other.
  const lines = Array.from({ length: Math.ceil(pixels / 64) }, (_, i) => 64 * i);
  const touch = [...lines, pixels - 1].reduce<Code>((sum, at) => i32.add(sum, i32.load8(source.get, at)), touched.get);

  const perPixel = (values: readonly number[]): ((offset: number) => Code) => {
    if (values.length === 1) return () => f32x4.const(values[0]!);
    const numbers = Float32Array.from({ length: pixels }, (_, i) => values[i % values.length]!);
    const place = places.of(rowConstant(numbers));
    return (offset) => v128.load(along.get, place + offset);
  };
  const scale = perPixel(std.map((deviation) => 1 / (255 * deviation)));
  const shift = perPixel(std.map((deviation, channel) => -(mean[channel] ?? 0) / deviation));
  const put = (integers: Code, offset: number) =>
    v128.store(
      image.get,
      f32x4.add(f32x4.mul(f32x4.fromInt(integers), scale(offset)), shift(offset)),
      places.of(images) + offset,
    );
  const normalise = [
    along.set(i32.const(0)),
    count(along, i32.const(32 * Math.floor(stride / 32)), 32, [
      eight.set(v128.load8x8(source.get)),
      put(i32x4.fromLow(eight.get), 0),
      put(i32x4.fromHigh(eight.get), 16),
      source.set(i32.add(source.get, i32.const(8))),
      image.set(i32.add(image.get, i32.const(32))),
    ]),
    stride % 32 > 0
      ? [
          put(i32x4.fromLow(i16x8.fromLowBytes(v128.loadZero(source.get))), 0),
          image.set(i32.add(image.get, i32.const(16))),
        ]
      : [],
  ];
  routine.body = [
    eachRow(touched.set(touch)),
    // What is not used need not be loaded.
    i32.store(i32.const(0), touched.get, places.take(4)),
    image.set(byPart(part, 0, half * stride)),
    eachRow([i32.store(row.get, i32.load8(i32.add(classes.get, index.get)), places.of(labels)), normalise]),
  ];
  return routine;
}

function rowConstant(numbers: Float32Array): Value {
  const constant = { shape: [numbers.length], type: 'float32', bytes: new Uint8Array(numbers.buffer) } as const;
  return { scope: 'shared', type: 'float32', shape: constant.shape, rows: 1, columns: numbers.length, constant };
}
