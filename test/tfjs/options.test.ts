import { describe, expect, it } from 'vitest';
import { AdamHD, AdamWHD, SGDHD, UsageError } from '../../src/index.js';

describe('options', () => {
  it.each([
    [() => new SGDHD({} as never), 'SGDHD: lr must be a number ≥ 0; got nothing.'],
    [() => new SGDHD({ lr: '0.1' } as never), "SGDHD: lr must be a number ≥ 0; got the string '0.1'."],
    [() => new SGDHD({ lr: NaN }), 'SGDHD: lr must be a number ≥ 0; got NaN.'],
    [() => new SGDHD(0.1 as never), 'SGDHD takes an object of options, as in new SGDHD({ lr: 0.01 }); got 0.1.'],
    [
      () => new SGDHD({ lr: 0.1, nesterov: true }),
      'Nesterov momentum needs momentum > 0 and dampening 0; got momentum 0 and dampening 0. ' +
        'Change these, or leave Nesterov out.',
    ],
    [
      () => new SGDHD({ lr: 0.1, nesterov: true, momentum: 0.9, dampening: 0.5 }),
      'Nesterov momentum needs momentum > 0 and dampening 0; got momentum 0.9 and dampening 0.5. ' +
        'Change these, or leave Nesterov out.',
    ],
    [() => new SGDHD({ lr: 0.1, dampening: 2 }), 'SGDHD: dampening must be a number from 0 to 1; got 2.'],
    [
      () => new SGDHD({ lr: 0.1, learningRate: 1 } as never),
      'SGDHD has no option learningRate; its options are lr, momentum, dampening, weightDecay, nesterov, hypergradLr, ' +
        'multiplicative, hypergradClip, lowerBound, hypergradOptimizer.',
    ],
    [() => new AdamHD({ eps: -1 }), 'AdamHD: eps must be a number ≥ 0; got -1.'],
    [
      () => new AdamHD({ betas: [0.9, 1] }),
      'AdamHD: betas must be two numbers ≥ 0 and < 1, such as [0.9, 0.999]; got [0.9,1].',
    ],
    [
      () => new AdamHD({ order: 'first' } as never),
      "AdamHD: order must be 'reference' or 'paper'; got the string 'first'.",
    ],
    [() => new AdamHD({ hypergradClip: 0 }), 'AdamHD: hypergradClip must be a number > 0; got 0.'],
    [() => new AdamHD({ lowerBound: 0.1 }), 'AdamHD: lowerBound must not be above lr, 0.001; got 0.1.'],
    [
      () => new AdamWHD({ lr: 0, multiplicative: true }),
      'The multiplicative rule cannot leave a learning rate of 0; start from another one.',
    ],
    [() => new AdamWHD({ weightDecay: null } as never), 'AdamWHD: weightDecay must be a number ≥ 0; got null.'],
  ])('that are not allowed are refused: %s', (make, message) => {
    expect(make).toThrow(new UsageError(message));
  });

  it("have the defaults of the authors' program", () => {
    const safeguards = { multiplicative: false, hypergradOptimizer: 'plain' };
    expect(new SGDHD({ lr: 0.1, momentum: undefined }).getConfig()).toEqual({
      lr: 0.1,
      momentum: 0,
      dampening: 0,
      weightDecay: 0,
      nesterov: false,
      hypergradLr: 1e-6,
      ...safeguards,
    });
    const adam = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, hypergradLr: 1e-8, order: 'reference' };
    expect(new AdamHD().getConfig()).toEqual({ ...adam, ...safeguards });
    expect(new AdamWHD().getConfig()).toEqual({ ...adam, weightDecay: 0.01, ...safeguards });
  });
});
