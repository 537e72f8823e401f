import { serialization } from '@tensorflow/tfjs-core';
import { adamHD, type Order } from '../optimizers/adam_hd.js';
import { HypergradientOptimizer } from './optimizer.js';
import { checkedOptions, decays, nonNegative, oneOf } from './options.js';
import { allowedSafeguards, rateOptions, safeguardDefaults, type SafeguardOptions } from './rate_options.js';

/** Options of {@link AdamHD}. */
export interface AdamHDOptions extends SafeguardOptions {
  /** α₀ ≥ 0, the learning rate to start from. Default 1e-3. */
  readonly lr?: number;
  /** β₁ and β₂, the decay of the averages of g and g², each ≥ 0 and < 1. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** ε ≥ 0, added to √v outside the bias correction (tfjs's own Adam differs). Default 1e-8. */
  readonly eps?: number;
  /** λ ≥ 0, an L2 penalty: λ·θ is added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** β ≥ 0, the learning rate of the learning rate. Default 1e-8. */
  readonly hypergradLr?: number;
  /**
   * `reference`: α moves at every parameter tensor in turn, by its share of h, as in the authors' program. `paper`: one
   * h over all parameters, then the step. Default `reference`.
   */
  readonly order?: Order;
}

export const adamDefaults = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  hypergradLr: 1e-8,
  order: 'reference',
  ...safeguardDefaults,
} as const;

export const allowedAdamOptions = {
  lr: nonNegative,
  betas: decays,
  eps: nonNegative,
  weightDecay: nonNegative,
  hypergradLr: nonNegative,
  order: oneOf('reference', 'paper'),
  ...allowedSafeguards,
};

/**
 * Adam that learns its learning rate by hypergradient descent:
 *
 *     h_t = ⟨g_t, u_{t-1}⟩      α_t = α_{t-1} + β·h_t      θ_t = θ_{t-1} − α_t·u_t
 *
 * with g = ∇f(θ) + λ·θ, the averages m and v of g and g², and u = m/(√v + ε) · √(1 − β₂ᵗ)/(1 − β₁ᵗ).
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { AdamHD } from 'hypergrad';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 10, inputShape: [784], activation: 'softmax' })] });
 * const optimizer = new AdamHD({ lr: 1e-3, hypergradLr: 1e-7 });
 * model.compile({ optimizer, loss: 'categoricalCrossentropy' });
 * // await model.fit(images, labels);  then  optimizer.learningRate
 * ```
 *
 * Baydin et al., "Online Learning Rate Adaptation with Hypergradient Descent", ICLR 2018, algorithm 6. The defaults are
 * those of the authors' program.
 */
export class AdamHD extends HypergradientOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'AdamHD';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: AdamHDOptions = {}) {
    const config = checkedOptions<AdamHDOptions, typeof adamDefaults>(
      AdamHD.className,
      options,
      adamDefaults,
      allowedAdamOptions,
    );
    const { betas, eps, weightDecay, order } = config;
    super(
      AdamHD.className,
      adamHD({ betas, eps, weightDecay, order, separate: true, ...rateOptions(AdamHD.className, config) }),
      config,
    );
  }
}

serialization.registerClass(AdamHD);
