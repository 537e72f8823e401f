import {
  cast,
  concat,
  customGrad,
  equal,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  mul,
  reshape,
  slice,
  type GradSaveFunc,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/**
 * Maximum of each 2x2 block of x [H, W, N, C]; returns [H/2, W/2, N, C]. The gradient goes to the block's first maximum
 * in row-major order, as PyTorch's does.
 */
export function quadrantMaxPool(x: Tensor4D): Tensor4D {
  const [height, width, batch, channels] = x.shape;
  const [rows, columns, depth] = [height / 2, width / 2, batch * channels];

  const pool = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [input, save] = args as [Tensor4D, GradSaveFunc];
    const blocks = reshape(input, [rows, 2, columns, 2, depth]);
    const quadrants = [0, 1].flatMap((i) =>
      [0, 1].map((j) => slice(blocks, [0, i, 0, j, 0], [rows, 1, columns, 1, depth])),
    ) as [Tensor, Tensor, Tensor, Tensor];
    const largest = maximum(maximum(quadrants[0], quadrants[1]), maximum(quadrants[2], quadrants[3]));
    save([...quadrants, largest]);

    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [a, b, c, d, max] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const [inA, inB, inC, inD] = [equal(a, max), equal(b, max), equal(c, max), equal(d, max)];
      const aOrB = logicalOr(inA, inB);
      const first = [
        inA,
        logicalAnd(inB, logicalNot(inA)),
        logicalAnd(inC, logicalNot(aOrB)),
        logicalAnd(inD, logicalNot(logicalOr(aOrB, inC))),
      ];
      const spread = reshape(dy, [rows, 1, columns, 1, depth]);
      const [g0, g1, g2, g3] = first.map((mask) => mul(spread, cast(mask, 'float32'))) as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      return reshape(concat([concat([g0, g1], 3), concat([g2, g3], 3)], 1), [height, width, batch, channels]);
    };
    return { value: reshape(largest, [rows, columns, batch, channels]), gradFunc };
  });
  return pool(x) as Tensor4D;
}
