/** The options that not every method has, by their names on the command line. */
export interface OwnOptions {
  readonly alpha_0: number;
  readonly beta: number;
  readonly mu: number;
  readonly order: 'reference' | 'paper';
  readonly multiplicative: boolean;
  readonly lowerBound: number | null;
  readonly clip: number | null;
  readonly hypergradOptimizer: 'plain' | 'momentum' | 'adam';
  readonly muLr: number;
  readonly betaLr: number;
  readonly decayLr: number;
  readonly d0: number;
  readonly dCoef: number;
  readonly repsRel: number;
  readonly warmupSteps: number;
}
export type OwnOption = keyof OwnOptions;

/** What is told of a method; its update rule is in methods.ts. */
export interface MethodSpec {
  /** As legends name it. */
  readonly label: string;
  /** What it learns beside the parameters; its `Alpha` in the results. */
  readonly learns: string;
  /** Which of the options it has, and what holds where one is not given; null: off. */
  readonly options: Partial<OwnOptions>;
  readonly paper: string;
  /** Its curve: colours on a light and on a dark page, lengths of dash and gap, width. */
  readonly style: readonly [light: string, dark: string, dash: readonly number[], width: number];
  /** Whether its runs were published: then results lie under its β, too, though it has none. */
  readonly published?: true;
}

const solid: readonly number[] = [];
const published = true;
const alpha = { alpha_0: 0.001 } as const;
const learnedAlpha: Partial<OwnOptions> = {
  ...{ alpha_0: 0.001, beta: 1e-6 },
  ...{ multiplicative: false, lowerBound: null, clip: null, hypergradOptimizer: 'plain' },
};
const baydin = 'Baydin et al., Online Learning Rate Adaptation with Hypergradient Descent, ICLR 2018';
const kingma = 'Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015';
const sutskever = 'Sutskever et al., On the Importance of Initialization and Momentum in Deep Learning, ICML 2013';
const robbins = 'Robbins and Monro, A Stochastic Approximation Method, 1951';

const chu = 'Chu et al., Provable and Practical Online Learning Rate Adaptation with Hypergradient Descent, ICML 2025';
const chandra = 'Chandra et al., Gradient Descent: The Ultimate Optimizer, NeurIPS 2022';
const mishchenko = 'Mishchenko and Defazio, Prodigy: An Expeditiously Adaptive Parameter-Free Learner, ICML 2024';
const ivgi = "Ivgi, Hinder and Carmon, DoG is SGD's Best Friend, ICML 2023";
const defazio = 'Defazio et al., The Road Less Scheduled, NeurIPS 2024';

/** The methods, in the order of legends; those of the paper as in its own. */
export const methodTable = {
  adam: {
    ...{ label: 'Adam', learns: 'nothing; Alpha is α₀', options: alpha, paper: kingma, published },
    style: ['#6b3f84', '#b79bd0', [2.6, 1.6], 1.6],
  },
  adam_hd: {
    ...{ label: 'Adam-HD', learns: 'α', options: { ...learnedAlpha, order: 'reference' }, paper: baydin, published },
    style: ['#721ba6', '#b46df0', solid, 2],
  },
  sgd: {
    ...{ label: 'SGD', learns: 'nothing; Alpha is α₀', options: alpha, paper: robbins, published },
    style: ['#d5a767', '#d5a767', [8, 2.6], 1.5],
  },
  sgd_hd: {
    ...{ label: 'SGD-HD', learns: 'α', options: learnedAlpha, paper: baydin, published },
    style: ['#fc9367', '#fc9367', solid, 1.5],
  },
  sgdn: {
    ...{ label: 'SGDN', learns: 'nothing; Alpha is α₀', options: { ...alpha, mu: 0.9 }, paper: sutskever, published },
    style: ['#a35572', '#d58aa6', [5, 2.2], 1.3],
  },
  sgdn_hd: {
    ...{ label: 'SGDN-HD', learns: 'α', options: { ...learnedAlpha, mu: 0.9 }, paper: baydin, published },
    style: ['#bc3877', '#f0609c', solid, 1.3],
  },
  hdm: {
    ...{ label: 'HDM', learns: 'α and the momentum μ', paper: chu },
    options: { alpha_0: 0, beta: 0.1, mu: 0.95, muLr: 1, lowerBound: 0 },
    style: ['#1b7a4b', '#4fc48a', solid, 2],
  },
  sgd_tower: {
    ...{ label: 'SGD tower', learns: 'α, and the rate β at which it learns that', paper: chandra },
    options: { alpha_0: 0.001, beta: 1e-6, betaLr: 1e-12, lowerBound: null, clip: null },
    style: ['#b07a1e', '#e0b35c', [1.5, 1.5], 1.5],
  },
  sgd_tuned: {
    ...{ label: 'SGD-HD, learned μ', learns: 'α and the momentum μ', paper: chandra },
    options: { ...learnedAlpha, mu: 0.9, muLr: 1e-4 },
    style: ['#8c4a1d', '#d99a6c', [9, 2, 2, 2], 1.5],
  },
  adam_tuned: {
    ...{ label: 'Adam-HD, learned β₁, β₂', learns: 'α, β₁ and β₂', paper: chandra },
    options: { ...learnedAlpha, decayLr: 1e-5 },
    style: ['#3d3d9e', '#9a9af0', [9, 2, 2, 2], 1.5],
  },
  sgd_hd_layers: {
    ...{ label: 'SGD-HD by layer', learns: 'an α for each layer; Alpha is their mean', paper: baydin },
    options: learnedAlpha,
    style: ['#e0603a', '#ff9d80', [6, 2], 1.5],
  },
  adam_hd_layers: {
    ...{ label: 'Adam-HD by layer', learns: 'an α for each layer; Alpha is their mean', paper: baydin },
    options: learnedAlpha,
    style: ['#5a33c8', '#a58af5', [6, 2], 1.5],
  },
  sgd_hd_elements: {
    ...{ label: 'SGD-HD by element', learns: 'an α for each parameter; Alpha is their mean', paper: baydin },
    options: learnedAlpha,
    style: ['#e08a8a', '#f0b4b4', [3, 2], 1.5],
  },
  prodigy: {
    ...{
      label: 'Prodigy',
      learns: 'd, the rate of Adam, which is Alpha',
      options: { d0: 1e-6, dCoef: 1 },
      paper: mishchenko,
    },
    style: ['#c4317f', '#f07ab5', [12, 3], 1.8],
  },
  dog: {
    ...{ label: 'DoG', learns: 'the rate of SGD, which is Alpha', options: { repsRel: 1e-6 }, paper: ivgi },
    style: ['#2a78b5', '#6db3e8', solid, 1.5],
  },
  ldog: {
    ...{ label: 'L-DoG', learns: 'the rate of SGD for each tensor; Alpha is their mean' },
    ...{ options: { repsRel: 1e-6 }, paper: ivgi },
    style: ['#1c4f7c', '#a9d3f5', [6, 2], 1.5],
  },
  sgd_sf: {
    ...{ label: 'Schedule-Free SGD', learns: 'nothing; Alpha is α₀, after the warm-up', paper: defazio },
    options: { alpha_0: 1, mu: 0.9, warmupSteps: 0 },
    style: ['#2b8f8f', '#62cccc', [8, 2.6], 1.5],
  },
  adamw_sf: {
    ...{ label: 'Schedule-Free AdamW', learns: 'nothing; Alpha is α₀, after the warm-up', paper: defazio },
    options: { alpha_0: 0.0025, warmupSteps: 0 },
    style: ['#145c5c', '#a5ecec', [2.6, 1.6], 1.5],
  },
} as const satisfies Record<string, MethodSpec>;

export type Method = keyof typeof methodTable;

/** The methods' names, as on the command line and in the results' file names; in the order of legends. */
export const methods = Object.keys(methodTable) as Method[];

export function specOf(method: Method): MethodSpec {
  return methodTable[method];
}

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
