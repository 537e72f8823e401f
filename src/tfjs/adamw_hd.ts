import { serialization } from '@tensorflow/tfjs-core';
import { adamWHD } from '../optimizers/adamw_hd.js';
import { adamDefaults, allowedAdamOptions, type AdamHDOptions } from './adam_hd.js';
import { HypergradientOptimizer } from './optimizer.js';
import { checkedOptions } from './options.js';
import { rateOptions } from './rate_options.js';

/** Options of {@link AdamWHD}. */
export interface AdamWHDOptions extends Omit<AdamHDOptions, 'weightDecay'> {
  /** λ ≥ 0, decoupled from the gradient: θ shrinks by α·λ·θ a step. Default 0.01. */
  readonly weightDecay?: number;
}

const defaults = { ...adamDefaults, weightDecay: 0.01 } as const;

/**
 * AdamW that learns its learning rate by hypergradient descent: {@link AdamHD} with the weight decay λ decoupled from
 * the gradient,
 *
 *     h_t = ⟨g_t, u_{t-1}⟩      α_t = α_{t-1} + β·h_t      θ_t = θ_{t-1} − α_t·u_t
 *
 * with g = ∇f(θ) and u_t = m/(√v + ε) · √(1 − β₂ᵗ)/(1 − β₁ᵗ) + λ·θ_{t-1}. The decay is part of u, since that is the
 * direction that the parameters move along; with λ = 0 this is AdamHD.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { AdamWHD } from 'hypergrad';
 *
 * const x = tf.variable(tf.tensor1d([3, -2]));
 * const optimizer = new AdamWHD({ lr: 0.01, hypergradLr: 1e-3, weightDecay: 0.1 });
 * for (let i = 0; i < 100; i++) optimizer.minimize(() => x.sub(1).square().sum());
 * console.log(optimizer.learningRate, x.dataSync());
 * ```
 *
 * Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, for AdamW; the hypergradient is derived
 * as in {@link AdamHD}.
 */
export class AdamWHD extends HypergradientOptimizer {
  /** The name under which tfjs saves it. */
  static readonly className = 'AdamWHD';

  /** @throws UsageError where an option is not allowed. */
  constructor(options: AdamWHDOptions = {}) {
    const config = checkedOptions<AdamWHDOptions, typeof defaults>(
      AdamWHD.className,
      options,
      defaults,
      allowedAdamOptions,
    );
    const { betas, eps, weightDecay, order } = config;
    const rule = adamWHD({ betas, eps, weightDecay, order, separate: true, ...rateOptions(AdamWHD.className, config) });
    super(AdamWHD.className, rule, config);
  }
}

serialization.registerClass(AdamWHD);
