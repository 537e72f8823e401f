import { dispose, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Values } from '../models/model.js';
import type { UpdateRule } from '../optimizers/rule.js';
import { flatten, mapTensors, unflatten, type TensorTree } from '../tensors.js';

/**
 * A state with the parameters that the rule wants the model to be used with, in place of those that it trains.
 *
 * @param state as an engine gives it, by path.
 */
export async function asEvaluated(
  rule: UpdateRule,
  state: Readonly<Record<string, Values>>,
): Promise<Readonly<Record<string, Values>>> {
  if (!rule.evaluated) return state;
  const evaluated = tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(state).map(([path, { shape, values }]) => [path, tensor(values, [...shape])]),
    );
    const part = (prefix: string) =>
      Object.fromEntries(
        Object.entries(tensors).flatMap(([path, t]) =>
          path.startsWith(prefix) ? [[path.slice(prefix.length), t]] : [],
        ),
      );
    const parameters = part('parameters/');
    const ruleState = unflatten<TensorTree>(rule.init(parameters), part('rule/'));
    return mapTensors(flatten({ parameters: rule.evaluated!(ruleState, parameters) }), (t) => t.clone());
  });
  const read = Object.entries(evaluated).map(
    async ([path, t]) => [path, { shape: t.shape, values: Float32Array.from(await t.data()) }] as const,
  );
  const parameters = Object.fromEntries(await Promise.all(read));
  dispose(evaluated);
  return { ...state, ...parameters };
}
