import {
  Optimizer,
  scalar,
  tidy,
  type NamedTensorMap,
  type serialization,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';
import { driftTo, learningRate } from '../optimizers/compensated.js';
import type { UpdateRule } from '../optimizers/rule.js';
import { checkRate, type SafeguardOptions } from './rate_options.js';
import { parameterKey, registered, StateVariables } from './state.js';

type NamedTensor = Parameters<Optimizer['setWeights']>[0][number];

/** A `tf.Optimizer` around an update rule: the two agree bit for bit. */
export abstract class HypergradientOptimizer extends Optimizer {
  readonly #rule: UpdateRule;
  readonly #config: SafeguardOptions;
  readonly #state: StateVariables;

  /** @param config what `getConfig` returns: numbers, booleans, and words without capitals, whose case tfjs would change. */
  protected constructor(
    name: string,
    rule: UpdateRule,
    config: SafeguardOptions,
    state = new StateVariables(rule, name),
  ) {
    super();
    this.#rule = rule;
    this.#config = config;
    this.#state = state;
  }

  /** α at present, to float64: α₀ before the first step. Waits for the step that is under way. */
  get learningRate(): number {
    const { alpha0 } = this.#rule;
    const drift = this.#drift();
    return drift ? learningRate(alpha0, drift.high.dataSync()[0]!, drift.low.dataSync()[0]!) : alpha0;
  }

  /**
   * Sets α, to 48 bits of its distance from α₀; the optimizer learns on from there. What moves α, such as its momentum,
   * stays as it is.
   * @throws UsageError where it is not a finite number, is below `lowerBound`, or is a 0 that `multiplicative` cannot leave.
   */
  set learningRate(alpha: number) {
    checkRate(this.getClassName(), alpha, this.#config);
    this.#state.meet([]);
    const drift = this.#drift();
    if (!drift) throw new Error(`the rule of ${this.getClassName()} learns no rate`);
    const { high, low } = driftTo(alpha, this.#rule.alpha0);
    tidy(() => {
      // The state's tensors are variables.
      (drift.high as Tensor as Variable).assign(scalar(high));
      (drift.low as Tensor as Variable).assign(scalar(low));
    });
  }

  /** `learningRate` without blocking, for backends that cannot be read at once, such as WebGPU. */
  async readLearningRate(): Promise<number> {
    const { alpha0 } = this.#rule;
    const drift = this.#drift();
    return drift ? learningRate(alpha0, (await drift.high.data())[0]!, (await drift.low.data())[0]!) : alpha0;
  }

  #drift() {
    const { tree } = this.#state;
    return tree && this.#rule.drift?.(tree);
  }

  override applyGradients(gradients: NamedTensorMap | NamedTensor[]): void {
    const all: [string, Tensor | null | undefined][] = Array.isArray(gradients)
      ? gradients.map(({ name, tensor }) => [name, tensor])
      : Object.entries(gradients);
    const state = this.#state.meet(all.map(([name]) => name));

    tidy(() => {
      const g: Record<string, Tensor> = {};
      const theta: Record<string, Variable> = {};
      for (const [name, gradient] of all) {
        if (!gradient) continue; // the loss does not depend on this variable
        g[parameterKey(name)] = gradient;
        theta[parameterKey(name)] = registered(name);
      }
      const next = this.#rule.update(g, state, theta);
      for (const [key, value] of Object.entries(next.parameters)) theta[key]?.assign(value);
      this.#state.assign(next.state);
    });
    this.incrementIterations();
  }

  /** The step count, then the rule's state. */
  override async getWeights(): Promise<NamedTensor[]> {
    return [await this.saveIterations(), ...this.#state.save()];
  }

  override async setWeights(weights: NamedTensor[]): Promise<void> {
    this.#state.restore(await this.extractIterations(weights));
  }

  /** The options, defaults included. */
  override getConfig(): serialization.ConfigDict {
    return { ...this.#config };
  }

  /** An optimizer of class `cls` with the options that `getConfig` returned. */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    // tf.loadLayersModel tacks this key on to every configuration.
    return new cls(Object.fromEntries(Object.entries(config).filter(([name]) => name !== 'customObjects')));
  }

  /** Frees the state. The parameters are not the optimizer's. */
  override dispose(): void {
    super.dispose();
    this.#state.dispose();
  }
}
