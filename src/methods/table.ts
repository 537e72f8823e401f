import { dog, ldog } from './dog.js';
import { hdm } from './hdm.js';
import { adamHDLayers, sgdHDElements, sgdHDLayers } from './many_rates.js';
import type { MethodSpec, NumberOption, SharedOptions } from './method.js';
import { prodigy } from './prodigy.js';
import { adam, adamHD, sgd, sgdHD, sgdN, sgdNHD } from './published.js';
import { scheduleFreeAdamW, scheduleFreeSGD } from './schedule_free.js';
import { adamTuned, sgdTower, sgdTuned } from './tuned.js';

/** The methods by their names on the command line, in the order of legends; those of the paper as in its own. */
const methodTable = {
  adam,
  adam_hd: adamHD,
  sgd,
  sgd_hd: sgdHD,
  sgdn: sgdN,
  sgdn_hd: sgdNHD,
  hdm,
  sgd_tower: sgdTower,
  sgd_tuned: sgdTuned,
  adam_tuned: adamTuned,
  sgd_hd_layers: sgdHDLayers,
  adam_hd_layers: adamHDLayers,
  sgd_hd_elements: sgdHDElements,
  prodigy,
  dog,
  ldog,
  sgd_sf: scheduleFreeSGD,
  adamw_sf: scheduleFreeAdamW,
};

export type Method = keyof typeof methodTable;

type OwnOf<Spec> = Spec extends MethodSpec<infer Own> ? Own : never;

/** The options that methods have beyond those of the paper's. */
export type NumberOptionName = OwnOf<(typeof methodTable)[Method]>;

/** The options that not every method has, by their names on the command line. */
export type OwnOptions = SharedOptions & Readonly<Record<NumberOptionName, number>>;
export type OwnOption = keyof OwnOptions;

/** The methods' names, as on the command line and in the results' file names; in the order of legends. */
export const methods = Object.keys(methodTable) as Method[];

/** A method as the table has it, with all of its options and what holds where one is not given. */
export type Described = Omit<MethodSpec<NumberOptionName>, 'options'> & { readonly options: Partial<OwnOptions> };

const described = new Map(
  methods.map((method): [Method, Described] => {
    const spec = methodTable[method] as unknown as MethodSpec<NumberOptionName>;
    const own = Object.entries<NumberOption>(spec.own ?? {}).map(([name, { preset }]) => [name, preset]);
    return [method, { ...spec, options: { ...spec.options, ...(Object.fromEntries(own) as Partial<OwnOptions>) } }];
  }),
);

export function specOf(method: Method): Described {
  return described.get(method)!;
}

/** The methods' options beyond those of the paper's, by name. */
export const numberOptions = Object.fromEntries(
  methods.flatMap((method) => Object.entries(specOf(method).own ?? {})),
) as unknown as Readonly<Record<NumberOptionName, Omit<NumberOption, 'preset'>>>;

export const numberOptionNames = Object.keys(numberOptions) as NumberOptionName[];

/** The methods whose runs were published. */
export const publishedMethods = methods.filter((method) => specOf(method).published === true);

/** Whether a method has an option. */
export function has(method: Method, option: OwnOption): boolean {
  return Object.hasOwn(specOf(method).options, option);
}

/** The methods that have an option. */
export function methodsWith(option: OwnOption): Method[] {
  return methods.filter((method) => has(method, option));
}
