import { baydin, learnedAlpha, method } from './method.js';

export const sgdHDLayers = method({
  label: 'SGD-HD by layer',
  learns: 'an α for each layer; Alpha is their mean',
  paper: baydin,
  options: learnedAlpha,
  style: ['#e0603a', '#ff9d80', [6, 2], 1.5],
  rule: ({ grouped, sgdHD }, options) => grouped(sgdHD({ ...options, mu: 0 }), layerOf),
});

export const adamHDLayers = method({
  label: 'Adam-HD by layer',
  learns: 'an α for each layer; Alpha is their mean',
  paper: baydin,
  options: learnedAlpha,
  style: ['#5a33c8', '#a58af5', [6, 2], 1.5],
  rule: ({ grouped, adamHD }, options) => grouped(adamHD({ ...options, order: 'paper' }), layerOf),
});

export const sgdHDElements = method({
  label: 'SGD-HD by element',
  learns: 'an α for each parameter; Alpha is their mean',
  paper: baydin,
  options: learnedAlpha,
  style: ['#e08a8a', '#f0b4b4', [3, 2], 1.5],
  rule: ({ elementRates, steepest }, options) => elementRates(steepest, options),
});

/** `features.0` of `features.0.weight`. */
function layerOf(parameter: string): string {
  return parameter.replace(/\.[^.]+$/, '');
}
