import { util, type Tensor } from '@tensorflow/tfjs-core';
import { UsageError } from '../errors.js';

/** One parameter's own state, by field: `inner/m`, `q`, … */
export type Fields<T extends Tensor = Tensor> = ReadonlyMap<string, T>;

/** By the name of a parameter's variable. */
export type FieldsByName<T extends Tensor = Tensor> = ReadonlyMap<string, Fields<T>>;

export interface Question {
  /** The class that the state belongs to, for errors. */
  readonly owner: string;
  /** Variables without a state yet, with what a first state would be. */
  readonly strangers: FieldsByName;
  /** State that no variable has claimed yet, by the names that the variables had when it was saved. */
  readonly restored: FieldsByName;
  /** Whether a name has agreed before. */
  readonly named: boolean;
}

/**
 * Which restored state belongs to which variable.
 *
 * Names decide, as they were or but for the suffix `_1` by which tfjs tells a second variable of a name from the first: a
 * loaded model has it where the saved one still lives. A variable of any other name is then one that had no state. Only
 * where no name agrees does the position decide, among those of equal shapes; so it does for variables without a name,
 * which tfjs numbers, unless all of them have the numbers that they had.
 *
 * @returns the name in `restored` by the stranger's, and whether names agree.
 * @throws UsageError where shapes differ.
 */
export function claims({ owner, strangers, restored, named }: Question): {
  readonly claimed: ReadonlyMap<string, string>;
  readonly named: boolean;
} {
  const claimed = new Map<string, string>();
  const free = new Set(restored.keys());
  const misfit = (stranger: string, name: string) => firstMisfit(strangers.get(stranger)!, restored.get(name)!);
  const fits = (stranger: string, name: string) => misfit(stranger, name) === undefined;
  /** The first of the candidates that fits is the stranger's; where there are some and none fits, that is an error. */
  const claim = (stranger: string, candidates: readonly string[]) => {
    const [first] = candidates;
    if (first === undefined) return;
    const name = candidates.find((candidate) => fits(stranger, candidate));
    if (name === undefined) throw new UsageError(unlike(owner, stranger, first, misfit(stranger, first)!));
    claimed.set(stranger, name);
    free.delete(name);
  };
  const unclaimed = () => [...strangers.keys()].filter((name) => !claimed.has(name));

  const numbersAgree = unclaimed().every((name) => !isNumber(name) || (free.has(name) && fits(name, name)));
  for (const key of [(name: string) => name, withoutSuffix]) {
    for (const stranger of unclaimed()) {
      if (isNumber(stranger) && !numbersAgree) continue;
      const alike = [...free].filter((name) => key(name) === key(stranger));
      claim(stranger, alike);
    }
  }
  const namesAgree = named || claimed.size > 0;
  for (const stranger of unclaimed()) {
    if (namesAgree && !isNumber(stranger)) continue;
    claim(
      stranger,
      [...free].filter((name) => !namesAgree || isNumber(name)),
    );
  }
  return { claimed, named: namesAgree };
}

const isNumber = (name: string) => /^\d+$/.test(name);
const withoutSuffix = (name: string) => name.replace(/_\d+$/, '');

interface Misfit {
  readonly field: string;
  readonly expected: readonly number[];
  readonly found: readonly number[];
}

function firstMisfit(expected: Fields, found: Fields): Misfit | undefined {
  for (const [field, { shape }] of expected) {
    const restored = found.get(field)!.shape;
    if (!util.arraysEqual(restored, shape)) return { field, expected: shape, found: restored };
  }
  return undefined;
}

function unlike(owner: string, stranger: string, name: string, { field, expected, found }: Misfit): string {
  return (
    `${owner}/${field}/${name} was restored with shape [${found.join()}], but its parameter has shape ` +
    `[${expected.join()}] (variable ${stranger}); restore an optimizer together with the model that it trained.`
  );
}
