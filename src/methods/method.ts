import type * as Library from '../optimizers/index.js';
import type { Order } from '../optimizers/adam_hd.js';
import type { RateOptions } from '../optimizers/rate.js';
import type { UpdateRule } from '../optimizers/rule.js';

/** The options of the paper's methods that not every method has, by their names on the command line. */
export interface SharedOptions {
  readonly alpha_0: number;
  readonly beta: number;
  readonly mu: number;
  readonly order: Order;
  readonly multiplicative: boolean;
  readonly lowerBound: number | null;
  readonly clip: number | null;
  readonly hypergradOptimizer: 'plain' | 'momentum' | 'adam';
}

/** An option that a method has beyond these, a number. */
export interface NumberOption {
  /** What the help calls its value, and what it says of it. */
  readonly value: string;
  readonly about: string;
  readonly allowed: 'nonNegative' | 'positive' | 'count';
  readonly preset: number;
}

/** What every rule is made of; each takes what it has a use for. */
export interface RuleOptions extends RateOptions {
  readonly alpha0: number;
  readonly mu: number;
  readonly weightDecay: number;
  readonly order?: Order;
}

/** All that is to be known of a method, but its name. It loads no rule, so that help and completion are quick. */
export interface MethodSpec<Own extends string = never> {
  /** As legends name it. */
  readonly label: string;
  /** What it learns beside the parameters; its `Alpha` in the results. */
  readonly learns: string;
  readonly paper: string;
  /** Which of the shared options it has, and what holds where one is not given; null: off. */
  readonly options: Partial<SharedOptions>;
  /** Those that it has beyond. */
  readonly own?: Readonly<Record<Own, NumberOption>>;
  /** Whether it keeps the weight decay out of the gradient, as AdamW has it. */
  readonly decoupled?: true;
  /** Its curve: colours on a light and on a dark page, lengths of dash and gap, width. */
  readonly style: readonly [light: string, dark: string, dash: readonly number[], width: number];
  /** Whether its runs were published: then results lie under its β, too, though it has none. */
  readonly published?: true;
  /** @param library what the rule is made from. */
  readonly rule: (library: typeof Library, options: RuleOptions & Readonly<Record<Own, number>>) => UpdateRule;
}

/** The spec as it is, with the names of its own options known to the compiler. */
export function method<Own extends string = never>(spec: MethodSpec<Own>): MethodSpec<Own> {
  return spec;
}

export const solid: readonly number[] = [];

/** The options of what learns α, with the published runs' values. */
export const learnedAlpha: Partial<SharedOptions> = {
  ...{ alpha_0: 0.001, beta: 1e-6 },
  ...{ multiplicative: false, lowerBound: null, clip: null, hypergradOptimizer: 'plain' },
};

export const baydin = 'Baydin et al., Online Learning Rate Adaptation with Hypergradient Descent, ICLR 2018';
