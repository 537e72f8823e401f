import { learnedAlpha, method, type NumberOption } from './method.js';

const chandra = 'Chandra et al., Gradient Descent: The Ultimate Optimizer, NeurIPS 2022';

export const sgdTower = method({
  label: 'SGD tower',
  learns: 'α, and the rate β at which it learns that',
  paper: chandra,
  options: { alpha_0: 0.001, beta: 1e-6, lowerBound: null, clip: null },
  own: { betaLr: { value: 'rate', about: 'learning rate of β', allowed: 'nonNegative', preset: 1e-12 } },
  style: ['#b07a1e', '#e0b35c', [1.5, 1.5], 1.5],
  rule: ({ sgdTower }, options) => sgdTower(options),
});

export const sgdTuned = method({
  label: 'SGD-HD, learned μ',
  learns: 'α and the momentum μ',
  paper: chandra,
  options: { ...learnedAlpha, mu: 0.9 },
  own: { muLr: muLr(1e-4) },
  style: ['#8c4a1d', '#d99a6c', [9, 2, 2, 2], 1.5],
  rule: ({ sgdHD }, { muLr, ...options }) => sgdHD({ ...options, tune: { mu: { beta: muLr, lowerBound: 0 } } }),
});

export const adamTuned = method({
  label: 'Adam-HD, learned β₁, β₂',
  learns: 'α, β₁ and β₂',
  paper: chandra,
  options: learnedAlpha,
  own: {
    decayLr: { value: 'rate', about: "learning rate of Adam's β₁ and β₂", allowed: 'nonNegative', preset: 1e-5 },
  },
  style: ['#3d3d9e', '#9a9af0', [9, 2, 2, 2], 1.5],
  rule: ({ hypergradientDescent, tunableAdamDirection }, { decayLr: beta, ...options }) =>
    hypergradientDescent(tunableAdamDirection({}), { ...options, tune: { beta1: { beta }, beta2: { beta } } }),
});

export function muLr(preset: number): NumberOption {
  return { value: 'rate', about: 'learning rate of the momentum', allowed: 'nonNegative', preset };
}
