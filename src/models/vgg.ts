import { add, mul, relu, type Tensor, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import type { RandomSource } from '../random/mt19937.js';
import { uniform } from '../random/torch.js';
import { tensorOf } from '../tensors.js';
import { constructConvolution, initConvolution } from './convolution.js';
import { batchNorm, foldBatchNorm, type BatchNormParameters, type RunningStatistics } from './layers/batch_norm.js';
import { initLinear, linear } from './linear.js';
import type { Model, Values, Variables } from './model.js';

/** Channels of the convolutions; `pool` halves the image. */
const configurations = {
  11: [64, 'pool', 128, 'pool', 256, 256, 'pool', 512, 512, 'pool', 512, 512, 'pool'],
  13: [64, 64, 'pool', 128, 128, 'pool', 256, 256, 'pool', 512, 512, 'pool', 512, 512, 'pool'],
  16: [64, 64, 'pool', 128, 128, 'pool', 256, 256, 256, 'pool', 512, 512, 512, 'pool', 512, 512, 512, 'pool'],
  19: [
    ...[64, 64, 'pool', 128, 128, 'pool', 256, 256, 256, 256, 'pool'],
    ...[512, 512, 512, 512, 'pool', 512, 512, 512, 512, 'pool'],
  ],
} as const;
export type VggDepth = keyof typeof configurations;

export interface VggOptions {
  readonly layers: readonly (number | 'pool')[];
  readonly batchNorm: boolean;
  /** Width of the two hidden layers of the classifier, which is also that of the last convolution. */
  readonly hidden: number;
}

/** VGG of a depth for 32x32 images, with or without batch norm. */
export function vgg(depth: VggDepth, { batchNorm: normalised }: Pick<VggOptions, 'batchNorm'>): Model {
  return vggModel({ layers: configurations[depth], batchNorm: normalised, hidden: 512 });
}

/**
 * VGG (Simonyan and Zisserman, 2015) as in the reference: 3x3 convolutions, then dropout, linear, ReLU, dropout, linear,
 * ReLU, linear. Parameters are named as PyTorch names them.
 */
export function vggModel({ layers, batchNorm: normalised, hidden }: VggOptions): Model {
  const convolutions = placed(layers, normalised);
  return {
    validationBatch: 250,
    masks: { 'classifier.0': [hidden], 'classifier.3': [hidden] },

    init(source) {
      const gammas = convolutions.map(({ inputs, outputs }) => {
        constructConvolution(source, inputs, outputs);
        // Later versions of PyTorch begin with γ = 1.
        return normalised ? uniform(source, outputs, 0, 1) : undefined;
      });
      const classifier = {
        ...initLinear(source, 'classifier.1', hidden, hidden),
        ...initLinear(source, 'classifier.4', hidden, hidden),
        ...initLinear(source, 'classifier.6', hidden, 10),
      };
      const features = convolutions.map((convolution, i) => initFeature(source, convolution, gammas[i]));
      return {
        parameters: Object.assign({}, ...features.map(({ parameters }) => parameters), classifier) as Record<
          string,
          Values
        >,
        buffers: Object.assign({}, ...features.map(({ buffers }) => buffers)) as Record<string, Values>,
      };
    },

    forward({ parameters, buffers }, images, { training, layers, masks }) {
      const moved: Record<string, Tensor> = {};
      let x = layers.fromBatch(images as Tensor4D);
      for (const { name, norm, pooled } of convolutions) {
        const weight = tensorOf(parameters, `${name}.weight`) as Tensor4D;
        const bias = tensorOf(parameters, `${name}.bias`);
        const normalisation = norm ? batchNormOf(norm, bias, { parameters, buffers }) : undefined;
        const pool = (y: Tensor4D) => (pooled ? layers.maxPool(y) : y);
        // ReLU and a bias commute with the maximum, and there is less to do after the pool.
        if (norm && normalisation && training) {
          const { y, running } = batchNorm(layers.convolution(x, weight), ...normalisation, layers);
          moved[`${norm}.running_mean`] = running.mean;
          moved[`${norm}.running_var`] = running.variance;
          x = relu(pool(y));
        } else {
          const folded = normalisation ? foldBatchNorm(weight, ...normalisation) : { weight, bias };
          x = relu(add<Tensor4D>(pool(layers.convolution(x, folded.weight)), folded.bias));
        }
      }
      const dropped = (v: Tensor2D, name: string) => (training ? dropout(v, tensorOf(masks, name)) : v);
      const h0 = dropped(layers.toVectors(x), 'classifier.0');
      const h1 = dropped(relu(linear(parameters, 'classifier.1', h0)), 'classifier.3');
      const h2 = relu(linear(parameters, 'classifier.4', h1));
      return { logits: linear(parameters, 'classifier.6', h2), buffers: moved };
    },
  };
}

interface Convolution {
  /** PyTorch's name of the module, and of the batch norm after it. */
  readonly name: string;
  readonly norm: string | undefined;
  readonly inputs: number;
  readonly outputs: number;
  readonly pooled: boolean;
}

/** The convolutions with the names that `nn.Sequential` gives them: each module counts, ReLU and pool too. */
function placed(layers: VggOptions['layers'], normalised: boolean): Convolution[] {
  const convolutions: Convolution[] = [];
  let [index, inputs] = [0, 3];
  layers.forEach((outputs, i) => {
    if (outputs === 'pool') {
      index += 1;
      return;
    }
    const norm = normalised ? `features.${index + 1}` : undefined;
    convolutions.push({ name: `features.${index}`, norm, inputs, outputs, pooled: layers[i + 1] === 'pool' });
    index += normalised ? 3 : 2;
    inputs = outputs;
  });
  return convolutions;
}

function initFeature(
  source: RandomSource,
  { name, norm, inputs, outputs }: Convolution,
  gamma: Float32Array | undefined,
): Variables<Values> {
  const zeros = () => ({ shape: [outputs], values: new Float32Array(outputs) });
  const parameters = { [`${name}.weight`]: initConvolution(source, inputs, outputs), [`${name}.bias`]: zeros() };
  if (!norm || !gamma) return { parameters, buffers: {} };
  return {
    parameters: {
      ...parameters,
      [`${norm}.weight`]: { shape: [outputs], values: gamma },
      [`${norm}.bias`]: zeros(),
    },
    buffers: {
      [`${norm}.running_mean`]: zeros(),
      [`${norm}.running_var`]: { shape: [outputs], values: new Float32Array(outputs).fill(1) },
    },
  };
}

/** A batch norm's parameters, with the bias of the convolution before it, and its running statistics. */
function batchNormOf(
  name: string,
  bias: Tensor,
  { parameters, buffers }: Variables<Tensor>,
): [BatchNormParameters, RunningStatistics] {
  return [
    { gamma: tensorOf(parameters, `${name}.weight`), beta: tensorOf(parameters, `${name}.bias`), bias },
    {
      mean: tensorOf(buffers, `${name}.running_mean`),
      variance: tensorOf(buffers, `${name}.running_var`),
    },
  ];
}

/** Keeps what the mask keeps, and makes up for the other half. */
function dropout(x: Tensor2D, mask: Tensor): Tensor2D {
  return mul(x, mul(mask, 2));
}
