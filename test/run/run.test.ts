import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadMnist } from '../../src/data/mnist.js';
import { reduced } from '../../src/data/reduced.js';
import { onnxEngine } from '../../src/engine/onnx/engine.js';
import type { RunRecord } from '../../src/results/record.js';
import { readRun } from '../../src/results/read.js';
import type { Result, SavedRunOptions } from '../../src/run/outcome.js';
import { runSaved, runTogether } from '../../src/run/run.js';
import { usual, type Settings } from '../../src/run/settings.js';
import type { Stretch } from '../../src/training/train.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hypergrad-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const settings: Settings = {
  ...usual,
  ...({ model: 'logreg', method: 'sgd', alpha_0: 0.001, beta: 1e-7, epochs: 1, iterations: 0, reduction: 60 } as const),
  ...({ lowerBound: undefined, clip: undefined, synthetic: false } as const),
  ...({ engine: 'onnx', threads: 0, workers: 0, device: 0 } as const),
};
const shared = {
  ...{ dataset: reduced(loadMnist().dataset, 60), engine: onnxEngine(), signal: new AbortController().signal },
  ...{ resume: true, overwrite: false, checkpoint: 0, keepModel: false },
  observer: {
    line: () => undefined,
    resumed: () => undefined,
    stretch: () => undefined,
    checkpointed: () => undefined,
  },
};

it('a run that failed in the meantime is left alone where that is wanted: who holds it looks', async () => {
  const options = (method: Settings['method'], more: Partial<SavedRunOptions> = {}): SavedRunOptions => ({
    ...shared,
    settings: { ...settings, method },
    target: join(folder, `${method}.csv`),
    ...more,
  });
  const ends = async (...all: SavedRunOptions[]) => {
    const results: Result[] = [];
    await runTogether(all, (run, result) => (results[run] = result));
    return results.map((result) => (result.kind === 'failed' ? String(result.error) : result.kind));
  };
  expect(await ends(options('sgd'))).toEqual(['finished']);
  const record = JSON.parse(readFileSync(join(folder, 'sgd.json'), 'utf8')) as RunRecord;
  const fail = (ended: string) => {
    rmSync(join(folder, 'sgd.csv'), { force: true });
    writeFileSync(join(folder, 'sgd.json'), JSON.stringify({ ...record, state: 'failed', error: 'It broke.', ended }));
  };
  const [earlier, now] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z'];

  fail(now);
  const untried = { leaveFailed: { unless: undefined } };
  expect(await ends(options('sgd', untried))).toEqual(['RunFailure: It broke. (In another sweep, just now.)']);
  expect(await ends(options('sgd', { leaveFailed: { unless: earlier } }))).toEqual([
    'RunFailure: It broke. (In another sweep, just now.)',
  ]);
  expect(await ends(options('sgd', { leaveFailed: { unless: now } }))).toEqual(['finished']);
  fail(now);
  expect(await ends(options('sgd', { ...untried, overwrite: true }))).toEqual(['finished']);
  fail(now);
  expect(await ends(options('sgd'))).toEqual(['finished']);
});

it('runs of a group that were saved before and after the same validation go on, each from there', async () => {
  const group = [1e-2, 1e-3].map((alpha_0) => ({ ...settings, alpha_0, epochs: 2 }));
  const options = (i: number, dir: string, more: Partial<SavedRunOptions> = {}): SavedRunOptions => ({
    ...shared,
    ...{ settings: group[i]!, target: join(folder, dir, `${i}.csv`), checkpoint: 1 },
    ...more,
  });
  const until = async (i: number, isThere: (stretch: Stretch) => boolean) => {
    const stop = new AbortController();
    const stretch = (stretch: Stretch) => void (isThere(stretch) && stop.abort());
    await runSaved(options(i, 'ended', { signal: stop.signal, observer: { ...shared.observer, stretch } }));
  };
  await until(0, ({ position }) => position.due !== undefined);
  await until(1, ({ position }) => position.step > 0 && position.due === undefined && position.step % 8 === 0);

  for (const dir of ['ended', 'whole']) {
    const results: Result[] = [];
    await runTogether([options(0, dir), options(1, dir)], (run, result) => (results[run] = result));
    expect(results.map(({ kind }) => kind)).toEqual(['finished', 'finished']);
  }
  for (const i of group.keys()) {
    const [rows, expected] = ['ended', 'whole'].map((dir) => readRun(join(folder, dir, `${i}.csv`)));
    expect(rows!.map(({ iteration }) => iteration)).toEqual(expected!.map(({ iteration }) => iteration));
    for (const [k, { loss, lossEpoch, validLossEpoch }] of rows!.entries()) {
      // One may have gone on alone: to float32's rounding.
      for (const [name, value] of Object.entries({ loss, lossEpoch, validLossEpoch })) {
        const other = expected![k]![name as 'loss'];
        if (Number.isNaN(other)) expect(value).toBeNaN();
        else expect(Math.abs(value - other)).toBeLessThan(1e-5);
      }
    }
  }
});

it.each(['.json', '.safetensors', '.learned.csv', '.checkpoint.safetensors', '.csv.partial'])(
  'a folder that has the name of its file %s is told before anything is trained',
  async (name) => {
    mkdirSync(join(folder, `sgd${name}`));
    const stretch = () => {
      throw new Error('it has been trained');
    };
    const run = runSaved({
      ...shared,
      ...{ settings, target: join(folder, 'sgd.csv'), observer: { ...shared.observer, stretch } },
    });
    await expect(run).rejects.toThrow(`${join(folder, `sgd${name}`)}: it is a folder. Move it away`);
  },
);
