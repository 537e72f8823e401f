import { dispose, engine, scalar, tidy, variable, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { UsageError } from '../errors.js';
import type { UpdateRule } from '../optimizers/rule.js';
import { flatten, unflatten, type NamedTensors, type TensorTree } from '../tensors.js';
import { claims, type Fields } from './claims.js';

interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/**
 * An update rule's state as tfjs variables: what all parameters share, and what each has of its own, which is saved by the
 * name of its variable.
 */
export class StateVariables {
  readonly #rule: UpdateRule;
  readonly #owner: string;
  /** By path. */
  #shared = new Map<string, Variable>();
  /** By the variable's name, in the order in which they were met. */
  #own = new Map<string, Fields<Variable>>();
  /** What was restored for variables that are still to be met, by the names that they had. */
  #restored = new Map<string, Fields<Variable>>();
  /** Whether the names of the variables are those of the restored state. */
  #named = false;
  #tree: TensorTree | undefined;

  /**
   * @param rule one in whose state nothing but what is named after it is a parameter's own.
   * @param owner the class that the state belongs to, for names and errors.
   */
  constructor(rule: UpdateRule, owner: string) {
    this.#rule = rule;
    this.#owner = owner;
  }

  /** The state as the rule knows it, with parameters by their `parameterKey`; undefined before `meet` or `restore`. */
  get tree(): TensorTree | undefined {
    return this.#tree;
  }

  /** The names of the variables met so far. */
  get names(): string[] {
    return [...this.#own.keys()];
  }

  /**
   * The state for the variables met so far and these. One that is new gets what was restored for it, or the first state.
   * @throws UsageError where what was restored does not fit the variables.
   */
  meet(names: readonly string[]): TensorTree {
    const strangers = [...new Set(names)].filter((name) => !this.#own.has(name));
    if (strangers.length === 0 && this.#tree) return this.#tree;

    return tidy(() => {
      const parameters = Object.fromEntries(strangers.map((name) => [parameterKey(name), registered(name)]));
      // Of all at once: what they share may depend on where all of them begin.
      const first = flatten(this.#rule.init(parameters));
      const initial = new Map(
        strangers.map((name) => [
          name,
          new Map(this.#ownPaths(name).map((path) => [fieldOf(path, name), first[path]!])),
        ]),
      );
      const { claimed, named } = claims({
        owner: this.#owner,
        strangers: initial,
        restored: this.#restored,
        named: this.#named,
      });
      this.#named = named;
      for (const [name, fields] of initial) {
        const before = claimed.get(name);
        this.#own.set(name, before === undefined ? mapValues(fields, kept) : this.#restored.get(before)!);
        if (before !== undefined) this.#restored.delete(before);
      }
      for (const path of this.#paths({})) {
        if (!this.#shared.has(path)) this.#shared.set(path, kept(first[path]!));
      }
      return this.#arrange();
    });
  }

  /** Takes over what is new in a state that the rule made of `tree`. */
  assign(state: TensorTree): void {
    const variables = flatten(this.#tree ?? {});
    for (const [path, value] of Object.entries(flatten(state))) {
      if (value !== variables[path]) (variables[path] as Variable).assign(value);
    }
  }

  save(): NamedTensor[] {
    const names = new Set<string>();
    const saved = [...this.#shared].map(([path, tensor]) => ({ name: `${this.#owner}/${path}`, tensor }));
    for (const [name, fields] of [...this.#own, ...this.#restored]) {
      // A new variable may have the name of one that was restored and not met since.
      let unique = name;
      while (names.has(unique)) unique += '_1';
      names.add(unique);
      for (const [field, tensor] of fields) saved.push({ name: `${this.#owner}/${field}/${unique}`, tensor });
    }
    return saved;
  }

  /**
   * Restores what `save` gave, in any order.
   * @throws UsageError where it is not the state of such a rule.
   */
  restore(weights: readonly NamedTensor[]): void {
    const { shared, own } = this.#parsed(weights);
    this.dispose();
    if (weights.length === 0) return;
    tidy(() => {
      this.#shared = mapValues(shared, kept);
      this.#restored = mapValues(own, (fields) => mapValues(fields, kept));
      this.#arrange();
    });
  }

  dispose(): void {
    const owned = [...this.#own.values(), ...this.#restored.values()];
    dispose([...this.#shared.values(), ...owned.flatMap((fields) => [...fields.values()])]);
    for (const map of [this.#shared, this.#own, this.#restored]) map.clear();
    this.#named = false;
    this.#tree = undefined;
  }

  /** Puts the variables into the tree that the rule knows. */
  #arrange(): TensorTree {
    const variables: Record<string, Variable> = Object.fromEntries(this.#shared);
    const parameters: Record<string, Tensor> = {};
    for (const [name, fields] of this.#own) {
      parameters[parameterKey(name)] = scalar(0);
      for (const path of this.#ownPaths(name)) variables[path] = fields.get(fieldOf(path, name))!;
    }
    return (this.#tree = unflatten(this.#rule.init(parameters), variables));
  }

  #ownPaths(name: string): string[] {
    return this.#paths({ [parameterKey(name)]: scalar(0) }).filter((path) => fieldOf(path, name) !== path);
  }

  /** Of the state's tensors. */
  #paths(parameters: NamedTensors): string[] {
    return Object.keys(flatten(this.#rule.init(parameters)));
  }

  #parsed(weights: readonly NamedTensor[]) {
    const [sharedPaths, fieldNames] = tidy(() => [
      this.#paths({}),
      this.#ownPaths('').map((path) => fieldOf(path, '')),
    ]);
    const shared = new Map<string, Tensor>();
    const own = new Map<string, Map<string, Tensor>>();
    const strange: string[] = [];
    for (const { name, tensor } of weights) {
      const path = sharedPaths.find((path) => name === `${this.#owner}/${path}`);
      const field = fieldNames.find((field) => name.startsWith(`${this.#owner}/${field}/`));
      if (path !== undefined) shared.set(path, tensor);
      else if (field === undefined) strange.push(name);
      else {
        const parameter = name.slice(`${this.#owner}/${field}/`.length);
        own.set(parameter, (own.get(parameter) ?? new Map<string, Tensor>()).set(field, tensor));
      }
    }
    const whole =
      shared.size === sharedPaths.length && [...own.values()].every((fields) => fields.size === fieldNames.length);
    if (weights.length > 0 && (strange.length > 0 || !whole)) {
      throw new UsageError(
        `these ${weights.length} weights are not the state of ${this.#owner} with its present options` +
          (strange.length > 0 ? `, which has no ${strange[0]}` : ', of which some are missing') +
          '; give the optimizer the options that it was saved with.',
      );
    }
    return { shared, own };
  }
}

/**
 * A variable's name among the rule's parameters. tfjs names nameless variables by numbers, which an object would put first
 * and in ascending order, where the order of the gradients is to hold.
 */
export function parameterKey(name: string): string {
  return `/${name}`;
}

/** `inner/m` for the path `inner//dense/kernel/m//dense/kernel`. */
function fieldOf(path: string, name: string): string {
  return path.replaceAll(`/${parameterKey(name)}`, '');
}

function mapValues<K, A, B>(map: ReadonlyMap<K, A>, f: (value: A) => B): Map<K, B> {
  return new Map([...map].map(([key, value]) => [key, f(value)]));
}

export function registered(name: string): Variable {
  const found = engine().registeredVariables[name];
  if (!found) throw new Error(`no variable is named ${name}`);
  return found;
}

function kept(tensor: Tensor): Variable {
  return variable(tensor, false);
}
