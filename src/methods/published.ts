import { baydin, learnedAlpha, method, solid } from './method.js';

const alpha = { alpha_0: 0.001 } as const;
const published = true;
const none = 'nothing; Alpha is α₀';
const kingma = 'Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015';
const sutskever = 'Sutskever et al., On the Importance of Initialization and Momentum in Deep Learning, ICML 2013';
const robbins = 'Robbins and Monro, A Stochastic Approximation Method, 1951';

export const adam = method({
  ...{ label: 'Adam', learns: none, paper: kingma, published },
  options: alpha,
  style: ['#6b3f84', '#b79bd0', [2.6, 1.6], 1.6],
  rule: ({ adam }, options) => adam(options),
});

export const adamHD = method({
  ...{ label: 'Adam-HD', learns: 'α', paper: baydin, published },
  options: { ...learnedAlpha, order: 'reference' },
  style: ['#721ba6', '#b46df0', solid, 2],
  rule: ({ adamHD }, options) => adamHD(options),
});

export const sgd = method({
  ...{ label: 'SGD', learns: none, paper: robbins, published },
  options: alpha,
  style: ['#d5a767', '#d5a767', [8, 2.6], 1.5],
  rule: ({ sgd }, options) => sgd({ ...options, mu: 0 }),
});

export const sgdHD = method({
  ...{ label: 'SGD-HD', learns: 'α', paper: baydin, published },
  options: learnedAlpha,
  style: ['#fc9367', '#fc9367', solid, 1.5],
  rule: ({ sgdHD }, options) => sgdHD({ ...options, mu: 0 }),
});

export const sgdN = method({
  ...{ label: 'SGDN', learns: none, paper: sutskever, published },
  options: { ...alpha, mu: 0.9 },
  style: ['#a35572', '#d58aa6', [5, 2.2], 1.3],
  rule: ({ sgd }, options) => sgd({ ...options, nesterov: true }),
});

export const sgdNHD = method({
  ...{ label: 'SGDN-HD', learns: 'α', paper: baydin, published },
  options: { ...learnedAlpha, mu: 0.9 },
  style: ['#bc3877', '#f0609c', solid, 1.3],
  rule: ({ sgdHD }, options) => sgdHD({ ...options, nesterov: true }),
});
