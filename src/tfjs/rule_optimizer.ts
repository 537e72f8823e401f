import { scalar, tidy, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { UsageError } from '../errors.js';
import { learningRate } from '../optimizers/compensated.js';
import type { UpdateRule } from '../optimizers/rule.js';
import { HypergradientOptimizer } from './optimizer.js';
import { checkedOptions, type Allowed, type WithDefaults } from './options.js';
import { parameterKey, registered, StateVariables } from './state.js';

/** A class's options, and the update rule of them. */
export interface RuleSpec<Options extends object, Defaults extends Partial<Options>> {
  readonly defaults: Defaults;
  readonly allowed: Readonly<Record<keyof Options, Allowed>>;
  /** @throws UsageError where options contradict each other. */
  readonly rule: (options: WithDefaults<Options, Defaults>) => UpdateRule;
  /** Whether the learning rate may be set from outside; a rule that finds its own would not know of it. */
  readonly settable: boolean;
}

interface Prepared {
  readonly name: string;
  readonly rule: UpdateRule;
  readonly options: object;
  readonly settable: boolean;
}

/** @throws UsageError where an option is not allowed. */
export function prepared<Options extends object, Defaults extends Partial<Options>>(
  name: string,
  given: Options,
  { defaults, allowed, rule, settable }: RuleSpec<Options, Defaults>,
): Prepared {
  const options = checkedOptions<Options, Defaults>(name, given, defaults, allowed);
  return { name, rule: unlessEmpty(rule(options)), options, settable };
}

/** A `tf.Optimizer` around a rule that learns more than α, or wants the model to be used at other parameters. */
export abstract class RuleOptimizer extends HypergradientOptimizer {
  readonly #rule: UpdateRule;
  readonly #state: StateVariables;
  readonly #settable: boolean;
  #using = false;

  protected constructor({ name, rule, options, settable }: Prepared) {
    const state = new StateVariables(rule, name);
    super(name, rule, options, state);
    this.#rule = rule;
    this.#state = state;
    this.#settable = settable;
  }

  override get learningRate(): number {
    // A rule may compute its rate from its state.
    return tidy(() => super.learningRate);
  }

  override set learningRate(alpha: number) {
    if (!this.#settable) throw new UsageError(`${this.getClassName()} finds its learning rate; it cannot be set.`);
    super.learningRate = alpha;
  }

  override async readLearningRate(): Promise<number> {
    const [rule, state] = [this.#rule, this.#state];
    const drift = tidy(() => {
      const { high, low } = (state.tree && rule.drift?.(state.tree)) ?? { high: scalar(0), low: scalar(0) };
      return [high.clone(), low.clone()] as const;
    });
    const [high, low] = await Promise.all(drift.map(async (part) => (await part.data())[0]!));
    for (const part of drift) part.dispose();
    return learningRate(rule.alpha0, high!, low!);
  }

  /** What is learned besides α, by symbol; nothing before the first step. Waits for the step that is under way. */
  get learned(): Readonly<Record<string, number>> {
    const { tree } = this.#state;
    return tidy(() =>
      Object.fromEntries(
        Object.entries((tree && this.#rule.learned?.(tree)) ?? {}).map(([symbol, value]) => {
          // Variables are named by their keys here.
          return [symbol.replace(/\/\//, '/'), value.dataSync()[0]!];
        }),
      ),
    );
  }

  /**
   * Has `use` the model at the parameters that the rule wants it to be used with, to validate or save it: an average of those
   * that are trained, which come back afterwards. Of a rule without such, at those that are trained.
   *
   * @param variables of the model, where the optimizer was loaded and has not made a step since.
   * @returns what `use` does.
   * @throws UsageError where `use` trains.
   */
  async evaluated<T>(use: () => T | Promise<T>, variables: readonly Variable[] = []): Promise<T> {
    if (variables.length > 0) this.#state.meet(variables.map(({ name }) => name));
    const { tree, names } = this.#state;
    if (!tree || !this.#rule.evaluated || this.#using) return use();
    const trained = names.map((name) => registered(name).clone());
    const assign = (tensors: readonly Tensor[]) => {
      for (const [i, name] of names.entries()) registered(name).assign(tensors[i]!);
    };
    tidy(() => {
      const parameters = Object.fromEntries(names.map((name) => [parameterKey(name), registered(name)]));
      const average = this.#rule.evaluated!(tree, parameters);
      assign(names.map((name) => average[parameterKey(name)]!.clone()));
    });
    this.#using = true;
    try {
      return await use();
    } finally {
      this.#using = false;
      assign(trained);
      for (const tensor of trained) tensor.dispose();
    }
  }

  override applyGradients(gradients: Parameters<HypergradientOptimizer['applyGradients']>[0]): void {
    if (this.#using) {
      throw new UsageError(`${this.getClassName()}: evaluated() is for using the model; train it outside of that.`);
    }
    super.applyGradients(gradients);
  }
}

/** A step without any gradient changes nothing. */
function unlessEmpty(rule: UpdateRule): UpdateRule {
  return {
    ...rule,
    update: (gradients, state, parameters) =>
      Object.keys(gradients).length === 0 ? { parameters, state } : rule.update(gradients, state, parameters),
  };
}
