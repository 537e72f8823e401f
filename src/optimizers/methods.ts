import { adam } from './adam.js';
import { adamHD, type AdamHDOptions } from './adam_hd.js';
import type { UpdateRule } from './rule.js';
import { sgd } from './sgd.js';
import { sgdHD } from './sgd_hd.js';
import { sgdn } from './sgdn.js';
import { sgdnHD } from './sgdn_hd.js';

/** The methods' names, as on the command line and in the results' file names. */
export const methods = ['sgd', 'sgd_hd', 'sgdn', 'sgdn_hd', 'adam', 'adam_hd'] as const;
export type Method = (typeof methods)[number];

export interface MethodOptions {
  readonly alpha0: number;
  readonly beta: number;
  readonly mu: number;
  readonly weightDecay: number;
  /** Adam-HD's alone. */
  readonly order?: AdamHDOptions['order'];
}

const rules: Record<Method, (options: MethodOptions) => UpdateRule> = {
  sgd,
  sgd_hd: sgdHD,
  sgdn,
  sgdn_hd: sgdnHD,
  adam,
  adam_hd: adamHD,
};

/** The update rule of a method, with Adam's β₁ = 0.9, β₂ = 0.999 and ε = 1e-8. */
export function updateRule(method: Method, options: MethodOptions): UpdateRule {
  return rules[method](options);
}
