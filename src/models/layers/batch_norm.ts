import {
  add,
  customGrad,
  div,
  mul,
  reshape,
  sqrt,
  square,
  sub,
  zerosLike,
  type GradSaveFunc,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { ImageLayers } from './layers.js';

export interface BatchNormParameters {
  /** γ and β, [channels]. */
  readonly gamma: Tensor;
  readonly beta: Tensor;
  /**
   * Bias of the convolution before, [channels]. It cancels against the mean, so that it is added to nothing but the
   * running mean, and its gradient is 0.
   */
  readonly bias: Tensor;
}

export interface RunningStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

const epsilon = 1e-5;
const momentum = 0.1;

/**
 * Batch normalisation over all axes of x but the last, as PyTorch 0.3's BatchNorm2d in training; returns the normalised
 * x, and the running statistics moved on: by a tenth, with the unbiased variance.
 */
export function batchNorm(
  x: Tensor4D,
  { gamma, beta, bias }: BatchNormParameters,
  running: RunningStatistics,
  { means }: Pick<ImageLayers, 'means'>,
): { readonly y: Tensor4D; readonly running: RunningStatistics } {
  const channels = x.shape[3];
  const samples = x.size / channels;
  const flat: Tensor2D = reshape(x, [samples, channels]);
  const mu = means(flat);
  // The variance of the centred value: E[x²] − E[x]² would cancel.
  const centred = sub<Tensor2D>(flat, mu);
  const variance = means(square(centred));

  const normalise = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [, scale, shift, ignored, save] = args as [Tensor, Tensor, Tensor, Tensor, GradSaveFunc];
    const inverse = div(1, sqrt(add(variance, epsilon)));
    const a = mul(scale, inverse);
    save([centred, inverse, a, ignored]);

    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [z, rstd, factor, unused] = saved as [Tensor, Tensor, Tensor, Tensor];
      const d: Tensor2D = reshape(dy, [samples, channels]);
      const s1 = means(d);
      const s2 = mul(means(mul(d, z)), rstd);
      // dx = a·(dy − E[dy] − ẑ·E[dy·ẑ]), with ẑ = z·rstd.
      const dx = sub(sub(mul(d, factor), mul(z, mul(mul(factor, rstd), s2))), mul(factor, s1));
      return [reshape(dx, x.shape), mul(s2, samples), mul(s1, samples), zerosLike(unused)];
    };
    return { value: reshape(add(mul(centred, a), shift), x.shape), gradFunc };
  });

  const moved = (old: Tensor, seen: Tensor) => add(mul(old, 1 - momentum), mul(seen, momentum));
  return {
    y: normalise(x, gamma, beta, bias) as Tensor4D,
    running: {
      mean: moved(running.mean, add(mu, bias)),
      variance: moved(running.variance, mul(variance, samples / (samples - 1))),
    },
  };
}

/**
 * A convolution and the batch normalisation after it as one convolution: with the running statistics, as in evaluation,
 * both are linear. Weight [3, 3, inputs, channels], bias [channels].
 */
export function foldBatchNorm(
  weight: Tensor4D,
  { gamma, beta, bias }: BatchNormParameters,
  { mean: mu, variance }: RunningStatistics,
): { readonly weight: Tensor4D; readonly bias: Tensor } {
  const a = div(gamma, sqrt(add(variance, epsilon)));
  return { weight: mul(weight, a), bias: add(mul(sub(bias, mu), a), beta) };
}
