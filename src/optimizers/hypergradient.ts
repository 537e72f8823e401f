import { add, addN, divNoNan, mul, scalar, sqrt, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { UsageError } from '../errors.js';
import { mapTensors, pick, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import type { DescentOptions } from './descent.js';
import { decayed, descend, type Direction, type Hyper } from './direction.js';
import { dot } from './dot.js';
import { learnedRate, type RateOptions, type RateState } from './rate.js';
import type { UpdateRule } from './rule.js';

export interface HypergradientOptions extends DescentOptions, RateOptions {
  /**
   * False: α moves once a step, by h over all parameters together (the paper). True: α moves at every parameter
   * tensor in turn, by that tensor's share of h, so that later tensors are already moved at a newer rate.
   */
  readonly perTensor?: boolean;
  /**
   * False: all parameters take part in every step, and have one step count and one scale together. True: each has its
   * own, as in PyTorch, so that one without a gradient in a step is left out of it: it stays as it is, its state, too, and
   * it has no share in h. A parameter may join later, by its part of `init`'s state. Default false.
   */
  readonly separate?: boolean;
  /**
   * Which of the direction's hyper-parameters are learned besides α, and how: by the symbol that the direction gives them.
   * Default none.
   */
  readonly tune?: Readonly<Record<string, RateOptions>>;
}

/** What a learned hyper-parameter carries from step to step. */
interface TunedState extends RateState {
  /** ∂u_{t-1}/∂p; zero before the first step. */
  readonly derivative: NamedTensors;
}

interface HypergradientState extends RateState {
  /** By symbol. */
  readonly tuned: Readonly<Record<string, TunedState>>;
  /** The direction's own state, for each group of parameters that step together. */
  readonly inner: Readonly<Record<string, TensorTree>>;
  /** u_{t-1} = scale · q of the parameter's last step; zero before its first, so that its share of h is 0 there. */
  readonly q: NamedTensors;
  /** For each such group. */
  readonly scale: Readonly<Record<string, Scalar>>;
}

/**
 * Hypergradient descent on top of any direction u:
 *
 *     h_t = ⟨∇f(θ_{t-1}), u_{t-1}⟩      α_t = α_{t-1} + β·h_t      θ_t = θ_{t-1} − α_t·u_t
 *
 * Baydin et al., "Online Learning Rate Adaptation with Hypergradient Descent", ICLR 2018, equations 5 and 6. The
 * gradient includes weight decay, as in the authors' program.
 *
 * α is one hyper-parameter of the step; any other, p, on which u depends is learned in the same way before the step is made,
 * since ∂θ_{t-1}/∂p = −α_{t-1}·∂u_{t-1}/∂p:
 *
 *     p_t = p_{t-1} + β_p·⟨∇f(θ_{t-1}), α_{t-1}·∂u_{t-1}/∂p⟩
 *
 * Chandra, Xie, Ragan-Kelley and Meijer, "Gradient Descent: The Ultimate Optimizer", NeurIPS 2022, here in closed form.
 */
export function hypergradientDescent(direction: Direction, options: HypergradientOptions): UpdateRule {
  const { alpha0, weightDecay = 0, perTensor = false, separate = false, multiplicative = false } = options;
  const learned = learnedRate(alpha0, options);
  const tuners = Object.entries(options.tune ?? {}).map(([symbol, rate]) => {
    const hyper = hyperOf(direction, symbol);
    return { symbol, hyper, learned: learnedRate(hyper.start, rate) };
  });
  /** The names of the parameters that share a step count and a scale. */
  const together = (names: string[]): [group: string, members: string[]][] =>
    separate ? names.map((name) => [name, [name]]) : [['all', names]];
  return {
    alpha0,
    init(parameters): HypergradientState {
      const groups = together(Object.keys(parameters));
      return {
        inner: Object.fromEntries(groups.map(([group, members]) => [group, direction.init(pick(parameters, members))])),
        q: zerosFor(parameters),
        scale: Object.fromEntries(groups.map(([group]) => [group, scalar(0)])),
        tuned: Object.fromEntries(
          tuners.map(({ symbol, learned }) => [symbol, { derivative: zerosFor(parameters), ...learned.init() }]),
        ),
        ...learned.init(),
      };
    },
    update(rawGradients, state, parameters) {
      const last = state as HypergradientState;
      const names = Object.keys(parameters).filter((name) => !separate || Object.hasOwn(rawGradients, name));
      if (names.length === 0) return { parameters, state };
      const gradients = decayed(rawGradients, pick(parameters, names), weightDecay);

      const tuned: Record<string, TunedState> = {};
      const values: Record<string, Scalar> = {};
      for (const { symbol, hyper, learned } of tuners) {
        const before = last.tuned[symbol]!;
        const h = mul<Scalar>(dot(gradients, before.derivative), add(last.drift.high, alpha0));
        tuned[symbol] = { derivative: before.derivative, ...learned.next(h, before) };
        values[symbol] = add<Scalar>(tuned[symbol].drift.high, hyper.start);
      }

      const [inner, q, scale] = [{ ...last.inner }, { ...last.q }, { ...last.scale }];
      for (const [group, members] of together(names)) {
        const part = pick(parameters, members);
        const next = direction.next(pick(gradients, members), last.inner[group]!, part, values);
        Object.assign(q, next.q);
        for (const [symbol, state] of Object.entries(tuned)) {
          tuned[symbol] = { ...state, derivative: { ...state.derivative, ...next.derivatives![symbol] } };
        }
        inner[group] = next.state;
        scale[group] = next.scale;
      }

      const moved: Record<string, Tensor> = { ...parameters };
      let learning: RateState = last;
      for (const tensors of perTensor ? names.map((name) => [name]) : [names]) {
        const parts = together(tensors).map(([group, members]) => ({
          g: pick(gradients, members),
          q: pick(last.q, members),
          scale: last.scale[group]!,
        }));
        learning = learned.next(multiplicative ? cosine(parts) : hypergradient(parts), learning);
        const alpha = add(learning.drift.high, alpha0);
        for (const [group, members] of together(tensors)) {
          const rate = mul<Scalar>(alpha, scale[group]!);
          for (const name of members) moved[name] = descend(tensorOf(parameters, name), rate, tensorOf(q, name));
        }
      }
      const { drift, hypergradOptimizer } = learning;
      return {
        parameters: moved,
        state: { inner, q, scale, tuned, drift, hypergradOptimizer } satisfies HypergradientState,
      };
    },
    drift: (state) => (state as HypergradientState).drift,
    learned: (state) =>
      Object.fromEntries(
        tuners.map(({ symbol, hyper: { start, read } }) => {
          const value = add<Scalar>((state as HypergradientState).tuned[symbol]!.drift.high, start);
          return [symbol, read ? read(value) : value];
        }),
      ),
  };
}

function hyperOf({ hyper = {} }: Direction, symbol: string): Hyper {
  const found = hyper[symbol];
  if (found) return found;
  const names = Object.keys(hyper);
  throw new UsageError(
    `the direction has no hyper-parameter ${symbol} to learn; it has ${names.length > 0 ? names.join(', ') : 'none'}.`,
  );
}

/** Parameters that share a scale: their gradients g, and their last direction u = scale · q. */
interface Part {
  readonly g: NamedTensors;
  readonly q: NamedTensors;
  readonly scale: Scalar;
}

/** ⟨g, u⟩. */
function hypergradient(parts: readonly Part[]): Scalar {
  const shares = parts.map(({ g, q, scale }) => mul<Scalar>(dot(g, q), scale));
  return shares.length === 1 ? shares[0]! : addN<Scalar>(shares);
}

/** ⟨g, u⟩/(‖g‖·‖u‖), and 0 where either is 0. A single scale cancels. */
function cosine(parts: readonly Part[]): Scalar {
  const all = (tensors: readonly NamedTensors[]) => Object.assign({}, ...tensors) as NamedTensors;
  const g = all(parts.map((part) => part.g));
  const u = all(parts.map(({ q, scale }) => (parts.length === 1 ? q : mapTensors(q, (tensor) => mul(tensor, scale)))));
  return divNoNan<Scalar>(dot(g, u), mul(sqrt(dot(g, g)), sqrt(dot(u, u))));
}
