import { method } from './method.js';

export const prodigy = method({
  label: 'Prodigy',
  learns: 'd, the rate of Adam, which is Alpha',
  paper: 'Mishchenko and Defazio, Prodigy: An Expeditiously Adaptive Parameter-Free Learner, ICML 2024',
  options: {},
  own: {
    d0: { value: 'distance', about: 'estimate of the distance to begin with', allowed: 'positive', preset: 1e-6 },
    dCoef: { value: 'factor', about: 'factor of that estimate', allowed: 'positive', preset: 1 },
  },
  decoupled: true,
  style: ['#c4317f', '#f07ab5', [12, 3], 1.8],
  rule: ({ prodigy }, options) => prodigy(options),
});
