import { expect, it } from 'vitest';
import { visibleCard } from '../../src/engine/nvidia.js';

it('a card is chosen among those that the scheduler gives', () => {
  expect(visibleCard(0, undefined)).toBe('0');
  expect(visibleCard(3, undefined)).toBe('3');
  expect(visibleCard(0, '5,2')).toBe('5');
  expect(visibleCard(1, '5, GPU-8f3c')).toBe('GPU-8f3c');
  expect(() => visibleCard(2, '5,2')).toThrow(/--device 2: .* given --device 0 to 1 \(CUDA_VISIBLE_DEVICES=5,2\)/);
  expect(() => visibleCard(1, '5')).toThrow(/given one, --device 0/);
  // CUDA sees none, and none after one that is none.
  expect(() => visibleCard(0, '')).toThrow(/given none/);
  expect(() => visibleCard(1, '4,-1,3')).toThrow(/given one/);
});
