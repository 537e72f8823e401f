import { describe, expect, it } from 'vitest';
import { loadMnist } from '../../src/data/mnist.js';
import { onnxEngine } from '../../src/engine/onnx/engine.js';
import { program } from '../../src/engine/program.js';
import { logreg } from '../../src/models/logreg.js';
import { updateRule } from '../../src/methods/rule.js';
import { mt19937 } from '../../src/random/mt19937.js';
import { rowsOf } from './helpers.js';

describe('where a run stops', () => {
  it('has its last row at --iterations K, as the reference breaks before it logs', async () => {
    const rows = await rowsOf({ iterations: 7 });
    expect(rows.map(({ iteration }) => iteration)).toEqual([0, 2, 3, 4, 5, 6, 7]);
    expect(await rowsOf({ iterations: 1 })).toHaveLength(1);
  });

  it('takes every batch of every epoch, also a last one that is smaller', async () => {
    const rows = await rowsOf({ epochs: 2, batchSize: 7000 });
    expect(rows.map(({ epoch }) => epoch)).toEqual([0, ...Array<number>(9).fill(1), ...Array<number>(9).fill(2)]);
    expect(rows.at(-1)?.iteration).toBe(19);
  });

  it('leaves out the row whose loss reaches --lossThreshold', async () => {
    const whole = await rowsOf({ iterations: 60 });
    const threshold = 0.9;
    const reached = whole.findIndex(({ loss }, i) => i > 0 && loss <= threshold);
    expect(reached).toBeGreaterThan(2);
    const rows = await rowsOf({ epochs: 0, lossThreshold: threshold });
    expect(rows.map(({ loss }) => loss)).toEqual(whole.slice(0, reached).map(({ loss }) => loss));
  });

  it('stops when it is told to, with the rows so far', async () => {
    const controller = new AbortController();
    let told = 0;
    const rows = await rowsOf({ epochs: 0, signal: controller.signal }, (soFar) => {
      if (soFar.length < 100) return;
      controller.abort();
      told = soFar.length;
    });
    expect(rows).toHaveLength(told);
    expect(rows.map(({ iteration }) => iteration)).toEqual([0, ...rows.slice(1).map((_, i) => i + 2)]);
  });
});

describe('an interrupt', () => {
  it("of an epoch's validation keeps the rows before", async () => {
    const controller = new AbortController();
    const beforeValidation = Math.ceil(60_000 / 128); // row 0, and the steps but the epoch's last
    const rows = await rowsOf({ epochs: 0, signal: controller.signal }, ({ length }) => {
      if (length === beforeValidation) controller.abort();
    });
    expect(rows).toHaveLength(beforeValidation);
  });

  it('is heard while the engine starts', async () => {
    const reason = new Error('enough');
    const { dataset } = loadMnist();
    const rule = updateRule('sgd', { alpha0: 0, beta: 0, mu: 0, weightDecay: 0 });
    const variables = logreg.init(mt19937(1));
    const start = onnxEngine().start(program({ dataset, model: logreg, rule, variables, batchSizes: [8] }), {
      signal: AbortSignal.abort(reason),
    });
    await expect(start).rejects.toBe(reason);
  });
});

describe("an epoch's last row", () => {
  it('has the mean of the batch losses and of α; other rows have NaN', async () => {
    const rows = await rowsOf({ method: 'sgd_hd', beta: 1e-3, epochs: 1, batchSize: 6000 });
    const steps = rows.slice(1);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(steps).toHaveLength(10);
    expect(steps.at(-1)?.lossEpoch).toBe(mean(steps.map(({ loss }) => loss)));
    expect(steps.at(-1)?.alphaEpoch).toBe(mean(steps.map(({ alpha }) => alpha)));
    for (const { lossEpoch, validLossEpoch, alphaEpoch } of steps.slice(0, -1)) {
      expect([lossEpoch, validLossEpoch, alphaEpoch]).toEqual([NaN, NaN, NaN]);
    }
  });
});

describe('repeated runs', () => {
  const withoutTime = (rows: Awaited<ReturnType<typeof rowsOf>>) => rows.map((row) => ({ ...row, time: 0 }));

  it('are identical, time aside', async () => {
    const options = { method: 'adam_hd', epochs: 1, seed: 5, batchSize: 100 } as const;
    expect(withoutTime(await rowsOf(options))).toEqual(withoutTime(await rowsOf(options)));
  });

  it('differ from another seed', async () => {
    const [one, two] = [await rowsOf({ seed: 1, iterations: 3 }), await rowsOf({ seed: 2, iterations: 3 })];
    expect(one[0]?.loss).not.toBe(two[0]?.loss);
  });
});

describe('a run that diverges', () => {
  it('goes on, and its loss and α say so', async () => {
    const rows = await rowsOf({ method: 'sgd_hd', alpha0: 1e30, beta: 1, iterations: 12 });
    expect(rows).toHaveLength(12);
    expect(rows.some(({ alpha }) => !Number.isFinite(alpha))).toBe(true);
    expect(rows.at(-1)?.loss).toBeNaN();
  });
});
