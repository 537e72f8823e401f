import {
  cast,
  concat,
  customGrad,
  equal,
  maximum,
  mul,
  reshape,
  slice,
  sub,
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
    save([...quadrants.slice(0, 3), largest]);

    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [a, b, c, max] = saved as [Tensor, Tensor, Tensor, Tensor];
      // A quadrant that is the maximum takes the gradient; those after it get what is left, and the last one all of it.
      let left: Tensor = reshape(dy, [rows, 1, columns, 1, depth]);
      const take = (quadrant: Tensor) => {
        const taken = mul(left, cast(equal(quadrant, max), 'float32'));
        left = sub(left, taken);
        return taken;
      };
      const [g0, g1, g2] = [take(a), take(b), take(c)];
      return reshape(concat([concat([g0, g1], 3), concat([g2, left], 3)], 1), [height, width, batch, channels]);
    };
    return { value: reshape(largest, [rows, columns, batch, channels]), gradFunc };
  });
  return pool(x) as Tensor4D;
}
