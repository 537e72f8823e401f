import { add, addN, div, type Scalar } from '@tensorflow/tfjs-core';
import { pick, type NamedTensors, type TensorTree } from '../tensors.js';
import type { UpdateRule } from './rule.js';

type GroupedState = Readonly<Record<string, TensorTree>>;

/**
 * A rule for each group of parameters, each with a state of its own: what a rule learns, it learns for a layer.
 *
 * @param rule any rule; of one that learns α, each group has its own.
 * @param groupOf the group of a parameter, by its name. Default: each parameter tensor is one.
 * @returns a rule whose α is the mean of the groups'; `learned` has each group's, as `alpha/<group>`, and what it learns besides.
 *
 * @example
 * ```ts
 * // A learning rate for each layer, whose parameters are `<layer>.weight` and `<layer>.bias`.
 * const rule = grouped(sgdHD({ alpha0: 0.01, beta: 1e-4 }), (name) => name.split('.')[0]!);
 * ```
 */
export function grouped(rule: UpdateRule, groupOf: (name: string) => string = (name) => name): UpdateRule {
  const groups = (parameters: NamedTensors) => {
    const members = new Map<string, string[]>();
    for (const name of Object.keys(parameters)) {
      const group = groupOf(name);
      members.set(group, [...(members.get(group) ?? []), name]);
    }
    return [...members];
  };
  return {
    alpha0: rule.alpha0,
    init: (parameters): GroupedState =>
      Object.fromEntries(groups(parameters).map(([group, names]) => [group, rule.init(pick(parameters, names))])),
    update(gradients, state, parameters) {
      const moved = new Map<string, NamedTensors[string]>();
      const states: Record<string, TensorTree> = {};
      for (const [group, names] of groups(parameters)) {
        const next = rule.update(pick(gradients, names), (state as GroupedState)[group]!, pick(parameters, names));
        for (const [name, theta] of Object.entries(next.parameters)) moved.set(name, theta);
        states[group] = next.state;
      }
      // In the order in which they came, which groups need not keep.
      return {
        parameters: Object.fromEntries(Object.keys(parameters).map((name) => [name, moved.get(name)!])),
        state: states,
      };
    },
    ...(rule.evaluated && {
      evaluated: (state: TensorTree, parameters: NamedTensors) =>
        Object.assign(
          {},
          ...groups(parameters).map(([group, names]) =>
            rule.evaluated!((state as GroupedState)[group]!, pick(parameters, names)),
          ),
        ) as NamedTensors,
    }),
    ...(rule.drift && {
      drift(state: TensorTree) {
        const drifts = Object.values(state as GroupedState).map((own) => rule.drift!(own));
        const mean = (parts: Scalar[]) => div<Scalar>(addN(parts), parts.length);
        return { high: mean(drifts.map(({ high }) => high)), low: mean(drifts.map(({ low }) => low)) };
      },
    }),
    learned: (state) =>
      Object.fromEntries(
        Object.entries(state as GroupedState).flatMap(([group, own]) => {
          const drift = rule.drift?.(own);
          const learned = { ...(drift && { alpha: add<Scalar>(drift.high, rule.alpha0) }), ...rule.learned?.(own) };
          return Object.entries(learned).map(([symbol, value]) => [`${symbol}/${group}`, value]);
        }),
      ),
  };
}
