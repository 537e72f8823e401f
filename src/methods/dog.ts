import { method, solid } from './method.js';

const paper = "Ivgi, Hinder and Carmon, DoG is SGD's Best Friend, ICML 2023";
const own = {
  repsRel: {
    value: 'share',
    about: 'length of the first step, relative to 1 + ‖θ₀‖',
    allowed: 'positive',
    preset: 1e-6,
  },
} as const;

export const dog = method({
  label: 'DoG',
  learns: 'the rate of SGD, which is Alpha',
  paper,
  options: {},
  own,
  style: ['#2a78b5', '#6db3e8', solid, 1.5],
  rule: ({ dog }, options) => dog(options),
});

export const ldog = method({
  label: 'L-DoG',
  learns: 'the rate of SGD for each tensor; Alpha is their mean',
  paper,
  options: {},
  own,
  style: ['#1c4f7c', '#a9d3f5', [6, 2], 1.5],
  rule: ({ dog, grouped }, options) => grouped(dog(options)),
});
