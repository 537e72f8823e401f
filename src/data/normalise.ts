import type { Dataset } from './dataset.js';

/** (p/255 − mean)/std of every pixel, channel by channel, with float32 rounding in torchvision's order of operations. */
export function normalised(pixels: Uint8Array, { mean, std }: Pick<Dataset, 'mean' | 'std'>): Float32Array {
  const { fround } = Math;
  const channels = mean.length;
  const table = new Float32Array(256 * channels);
  for (let pixel = 0; pixel < 256; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const centred = fround(fround(pixel / 255) - fround(mean[channel] ?? 0));
      table[pixel * channels + channel] = centred / fround(std[channel] ?? 1);
    }
  }
  const values = new Float32Array(pixels.length);
  for (let start = 0; start < pixels.length; start += channels) {
    for (let channel = 0; channel < channels; channel++) {
      values[start + channel] = table[(pixels[start + channel] ?? 0) * channels + channel] ?? 0;
    }
  }
  return values;
}
