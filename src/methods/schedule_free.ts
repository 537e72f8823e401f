import { method } from './method.js';

const learns = 'nothing; Alpha is α₀, after the warm-up';
const paper = 'Defazio et al., The Road Less Scheduled, NeurIPS 2024';
const own = {
  warmupSteps: { value: 'count', about: 'steps over which α grows to α₀', allowed: 'count', preset: 0 },
} as const;

export const scheduleFreeSGD = method({
  label: 'Schedule-Free SGD',
  learns,
  paper,
  options: { alpha_0: 1, mu: 0.9 },
  own,
  style: ['#2b8f8f', '#62cccc', [8, 2.6], 1.5],
  rule: ({ scheduleFreeSGD }, { mu, ...options }) => scheduleFreeSGD({ ...options, momentum: mu }),
});

export const scheduleFreeAdamW = method({
  label: 'Schedule-Free AdamW',
  learns,
  paper,
  options: { alpha_0: 0.0025 },
  own,
  decoupled: true,
  style: ['#145c5c', '#a5ecec', [2.6, 1.6], 1.5],
  rule: ({ scheduleFreeAdamW }, options) => scheduleFreeAdamW(options),
});
