import { abs, add, addN, div, divNoNan, mean, mul, scalar, sum, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { mapTensors, tensorOf, zerosFor, type NamedTensors, type TensorTree } from '../tensors.js';
import type { DescentOptions } from './descent.js';
import { decayed, descend, type Direction } from './direction.js';
import { learnedRate, type RateOptions, type RateState } from './rate.js';
import type { UpdateRule } from './rule.js';

interface ElementState extends TensorTree {
  readonly inner: TensorTree;
  /** u_{t-1} = scale · q. */
  readonly q: NamedTensors;
  readonly scale: Scalar;
  /** Of each parameter, of its shape. */
  readonly rates: Readonly<Record<string, RateState<Tensor>>>;
}

/**
 * Hypergradient descent with a learning rate for each element of each parameter: α is a vector, and so is its hypergradient,
 *
 *     h_t = g_t∘u_{t-1}      α_t = α_{t-1} + β·h_t      θ_t = θ_{t-1} − α_t∘u_t
 *
 * With `multiplicative`, h/(|g|·|u|) is the sign of h. The state is that of the direction, and four numbers more for each
 * element.
 *
 * @returns a rule whose α is the mean of all elements'; `learned` has the mean of each parameter's, as `alpha/<name>`.
 */
export function elementRates(direction: Direction, options: DescentOptions & RateOptions): UpdateRule {
  const { alpha0, weightDecay = 0, multiplicative = false } = options;
  const learned = learnedRate(alpha0, options);
  return {
    alpha0,
    init(parameters): ElementState {
      return {
        inner: direction.init(parameters),
        q: zerosFor(parameters),
        scale: scalar(0),
        rates: Object.fromEntries(
          Object.entries(parameters).map(([name, { shape }]) => [name, learned.init<Tensor>(shape)]),
        ),
      };
    },
    update(rawGradients, state, parameters) {
      const last = state as ElementState;
      const gradients = decayed(rawGradients, parameters, weightDecay);
      const { q, scale, state: inner } = direction.next(gradients, last.inner, parameters);
      const rates = Object.fromEntries(
        Object.entries(gradients).map(([name, g]) => {
          const h = mul(mul(g, tensorOf(last.q, name)), last.scale);
          return [name, learned.next(multiplicative ? divNoNan(h, abs(h)) : h, last.rates[name]!)];
        }),
      );
      const moved = mapTensors(parameters, (theta, name) => {
        return descend(theta, mul(add(rates[name]!.drift.high, alpha0), scale), tensorOf(q, name));
      });
      return { parameters: moved, state: { inner, q, scale, rates } satisfies ElementState };
    },
    drift(state) {
      const drifts = Object.values((state as ElementState).rates).map(({ drift }) => drift);
      if (drifts.length === 0) return { high: scalar(0), low: scalar(0) };
      const count = drifts.reduce((total, { high }) => total + high.size, 0);
      const meanOf = (parts: Tensor[]) => div<Scalar>(addN<Scalar>(parts.map((part) => sum<Scalar>(part))), count);
      return { high: meanOf(drifts.map(({ high }) => high)), low: meanOf(drifts.map(({ low }) => low)) };
    },
    learned: (state) =>
      Object.fromEntries(
        Object.entries((state as ElementState).rates).map(([name, { drift }]) => [
          `alpha/${name}`,
          add<Scalar>(mean(drift.high), alpha0),
        ]),
      ),
  };
}
