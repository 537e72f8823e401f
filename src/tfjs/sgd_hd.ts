import { serialization } from '@tensorflow/tfjs-core';
import { sgdHD } from '../optimizers/sgd_hd.js';
import { HypergradientOptimizer } from './optimizer.js';
import { checkedOptions, nonNegative, share, yesOrNo } from './options.js';
import { allowedSafeguards, rateOptions, safeguardDefaults, type SafeguardOptions } from './rate_options.js';

/** Options of {@link SGDHD}. */
export interface SGDHDOptions extends SafeguardOptions {
  /** α₀ ≥ 0, the learning rate to start from. Required. */
  readonly lr: number;
  /** Momentum μ ≥ 0. Default 0. */
  readonly momentum?: number;
  /** Share of the gradient kept out of the momentum from the second step on, 0 to 1. Default 0. */
  readonly dampening?: number;
  /** λ ≥ 0, an L2 penalty: λ·θ is added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Nesterov momentum, which needs `momentum` > 0 and `dampening` 0. Default false. */
  readonly nesterov?: boolean;
  /** β ≥ 0, the learning rate of the learning rate. Default 1e-6. */
  readonly hypergradLr?: number;
}

const defaults = {
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  hypergradLr: 1e-6,
  ...safeguardDefaults,
};

/**
 * Stochastic gradient descent, optionally with momentum, that learns its learning rate by hypergradient descent:
 *
 *     h_t = ⟨g_t, u_{t-1}⟩      α_t = α_{t-1} + β·h_t      θ_t = θ_{t-1} − α_t·u_t
 *
 * with g = ∇f(θ) + λ·θ and the direction u = g, buf, or (Nesterov) g + μ·buf.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { SGDHD } from 'hypergrad';
 *
 * const x = tf.variable(tf.tensor1d([3, -2]));
 * const optimizer = new SGDHD({ lr: 0, hypergradLr: 1e-3 });
 * for (let i = 0; i < 100; i++) optimizer.minimize(() => x.square().sum());
 * console.log(optimizer.learningRate, x.dataSync());
 * ```
 *
 * Baydin et al., "Online Learning Rate Adaptation with Hypergradient Descent", ICLR 2018, algorithms 4 and 5. The
 * defaults are those of the authors' program.
 */
export class SGDHD extends HypergradientOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'SGDHD';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: SGDHDOptions) {
    const config = checkedOptions<SGDHDOptions, typeof defaults>(SGDHD.className, options, defaults, {
      lr: nonNegative,
      momentum: nonNegative,
      dampening: share,
      weightDecay: nonNegative,
      nesterov: yesOrNo,
      hypergradLr: nonNegative,
      ...allowedSafeguards,
    });
    const { momentum: mu, dampening, nesterov, weightDecay } = config;
    const rule = sgdHD({
      mu,
      dampening,
      nesterov,
      weightDecay,
      separate: true,
      ...rateOptions(SGDHD.className, config),
    });
    super(SGDHD.className, rule, config);
  }
}

serialization.registerClass(SGDHD);
