import { dispose, engine, scalar, tidy, util, variable, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { UsageError } from '../errors.js';
import type { UpdateRule } from '../optimizers/rule.js';
import { flatten, unflatten, type NamedTensors, type TensorTree } from '../tensors.js';

interface StateVariable {
  /** The name under which the variable is saved; no other weight of the model or the optimizer has it. */
  readonly originalName: string;
  readonly variable: Variable;
}

/**
 * An update rule's state as tfjs variables.
 *
 * The rule knows the parameters by position, in the order in which they were first met: a model that was saved and
 * loaded again may have other names for its variables.
 */
export class StateVariables {
  readonly #rule: UpdateRule;
  readonly #owner: string;
  readonly #positions = new Map<string, number>();
  /** Parameters that there is state for; more than were met where the state was restored. */
  #count = 0;
  #variables = new Map<string, StateVariable>();
  #tree: TensorTree = {};

  /** @param owner the class that the state belongs to, for names and errors. */
  constructor(rule: UpdateRule, owner: string) {
    this.#rule = rule;
    this.#owner = owner;
  }

  /** The state as the rule knows it; undefined before the first parameter was met. */
  get tree(): TensorTree | undefined {
    return this.#variables.size === 0 ? undefined : this.#tree;
  }

  position(name: string): number {
    const position = this.#positions.get(name);
    if (position === undefined) throw new Error(`variable ${name} was not met`);
    return position;
  }

  /** Gives each variable that is new a position, and a state where none was restored for it. */
  meet(names: readonly string[]): void {
    const strangers = new Map<string, string>();
    for (const name of names) {
      if (this.#positions.has(name)) continue;
      strangers.set(String(this.#positions.size), name);
      this.#positions.set(name, this.#positions.size);
    }
    if (strangers.size === 0) return;

    tidy(() => {
      const parameters = Object.fromEntries([...strangers].map(([position, name]) => [position, registered(name)]));
      for (const [path, initial] of Object.entries(flatten(this.#rule.init(parameters)))) {
        const known = this.#variables.get(path);
        if (known) checkShape(known, initial);
        else this.#variables.set(path, { originalName: this.#nameOf(path, strangers), variable: kept(initial) });
      }
    });
    this.#arrange(Math.max(this.#count, this.#positions.size));
  }

  assign(state: TensorTree): void {
    for (const [path, value] of Object.entries(flatten(state))) this.#variables.get(path)?.variable.assign(value);
  }

  save(): { readonly name: string; readonly tensor: Tensor }[] {
    return [...this.#variables.values()].map(({ originalName, variable }) => ({
      name: originalName,
      tensor: variable,
    }));
  }

  /** Restores what `save` gave, by its order; names may be those of another model's variables. */
  restore(weights: readonly { readonly name: string; readonly tensor: Tensor }[]): void {
    const shared = this.#paths(0).length;
    const count = weights.length === 0 ? 0 : (weights.length - shared) / (this.#paths(1).length - shared);
    const paths = Number.isInteger(count) && weights.length > 0 ? this.#paths(count) : [];
    const fits = paths.length === weights.length && paths.every((path, i) => this.#isNamed(weights[i]?.name, path));
    if (!fits) {
      throw new UsageError(
        `these ${weights.length} weights are not the state of ${this.#owner} with its present options; ` +
          'give the optimizer the options that it was saved with.',
      );
    }
    this.#disposeVariables();
    for (const [i, { name, tensor }] of weights.entries()) {
      this.#variables.set(paths[i] ?? '', { originalName: name, variable: kept(tensor) });
    }
    this.#arrange(count);
  }

  dispose(): void {
    this.#disposeVariables();
    this.#positions.clear();
    this.#arrange(0);
  }

  #disposeVariables(): void {
    for (const { variable } of this.#variables.values()) dispose(variable);
    this.#variables.clear();
  }

  /** Puts the variables into the rule's order, and into the tree that it knows. */
  #arrange(count: number): void {
    this.#count = count;
    const known = this.#variables;
    if (known.size === 0) return;
    this.#variables = new Map(this.#paths(count).map((path) => [path, known.get(path)!]));
    const tensors = Object.fromEntries([...known].map(([path, { variable }]) => [path, variable]));
    tidy(() => {
      this.#tree = unflatten(initialState(this.#rule, count), tensors);
    });
  }

  /** The paths of the state for so many parameters, in order. */
  #paths(count: number): string[] {
    let paths: string[] = [];
    tidy(() => {
      paths = Object.keys(flatten(initialState(this.#rule, count)));
    });
    return paths;
  }

  /** `AdamHD/inner/m/dense/kernel` for the path `inner/m/0`. */
  #nameOf(path: string, nameAt: ReadonlyMap<string, string>): string {
    const { folder, last } = split(path);
    return `${this.#owner}/${folder}${nameAt.get(last) ?? last}`;
  }

  #isNamed(name: string | undefined, path: string): boolean {
    return name?.startsWith(`${this.#owner}/${split(path).folder}`) ?? false;
  }
}

function split(path: string): { readonly folder: string; readonly last: string } {
  const end = path.lastIndexOf('/') + 1;
  return { folder: path.slice(0, end), last: path.slice(end) };
}

/** The rule's first state for so many parameters, when their shapes do not matter. */
function initialState(rule: UpdateRule, count: number): TensorTree {
  const parameters: NamedTensors = Object.fromEntries(Array.from({ length: count }, (_, i) => [i, scalar(0)]));
  return rule.init(parameters);
}

export function registered(name: string): Variable {
  const found = engine().registeredVariables[name];
  if (!found) throw new Error(`no variable is named ${name}`);
  return found;
}

function kept(tensor: Tensor): Variable {
  return variable(tensor, false);
}

function checkShape({ originalName, variable }: StateVariable, { shape }: Tensor): void {
  if (util.arraysEqual(variable.shape, shape)) return;
  throw new UsageError(
    `${originalName} was restored with shape [${variable.shape.join()}], but its parameter has shape ` +
      `[${shape.join()}]; restore an optimizer together with the model that it trained.`,
  );
}
