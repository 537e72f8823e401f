import * as library from '../optimizers/index.js';
import { hypergradOptimizers, type HypergradOptimizer } from '../optimizers/rate.js';
import type { UpdateRule } from '../optimizers/rule.js';
import type { RuleOptions } from './method.js';
import { numberOptionNames, specOf, type Method, type NumberOptionName } from './table.js';

export interface MethodOptions
  extends Omit<RuleOptions, 'hypergradOptimizer'>, Partial<Readonly<Record<NumberOptionName, number>>> {
  /** What moves α along h. Default `plain`: h itself. */
  readonly hypergradOptimizer?: HypergradOptimizer;
}

/**
 * The update rule of a method, with Adam's β₁ = 0.9, β₂ = 0.999 and ε = 1e-8. Options that only some methods have are the
 * table's where they are not given.
 */
export function updateRule(method: Method, options: MethodOptions): UpdateRule {
  const { rule, options: presets } = specOf(method);
  const own = numberOptionNames.map((name) => [name, options[name] ?? presets[name]] as const);
  return rule(library, {
    ...options,
    ...(Object.fromEntries(own.filter(([, value]) => value !== undefined)) as Record<NumberOptionName, number>),
    hypergradOptimizer: hypergradOptimizers[options.hypergradOptimizer ?? 'plain'],
  });
}
