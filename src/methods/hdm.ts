import { method, solid } from './method.js';
import { muLr } from './tuned.js';

export const hdm = method({
  label: 'HDM',
  learns: 'α and the momentum μ',
  paper: 'Chu et al., Provable and Practical Online Learning Rate Adaptation with Hypergradient Descent, ICML 2025',
  options: { alpha_0: 0, beta: 0.1, mu: 0.95, lowerBound: 0 },
  own: { muLr: muLr(1) },
  style: ['#1b7a4b', '#4fc48a', solid, 2],
  rule: ({ hdm }, { mu, ...options }) => hdm({ ...options, mu0: mu }),
});
