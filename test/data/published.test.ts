import { expect, test } from 'vitest';
import { publishedFile, publishedTable } from '../published.js';

const runs = publishedTable();

test('the table has the 17 runs of the published results', () => {
  const names = runs.map(({ model, rates, method }) => `${model}/${rates}/${method}`);
  const sgd = ['sgd', 'sgd_hd', 'sgdn', 'sgdn_hd'].map((method) => `+1e-03_+1e-03/${method}`);
  expect(names).toEqual([
    ...[...sgd, '+1e-03_+1e-07/adam', '+1e-03_+1e-07/adam_hd'].map((run) => `logreg/${run}`),
    ...[...sgd, '+1e-03_+1e-07/adam'].map((run) => `mlp/${run}`),
    ...[...sgd, '+1e-03_+1e-08/adam', '+1e-03_+1e-08/adam_hd'].map((run) => `vgg/${run}`),
  ]);
});

test('the table has the first rows, each 50th, and each epoch', () => {
  const { rows } = runs[5]!;
  const iterations = rows.map((row) => row.iteration);
  expect(iterations.slice(0, 24)).toEqual([0, ...Array.from({ length: 20 }, (_, i) => i + 2), 51, 101, 151]);
  const epochs = rows.filter((row) => !Number.isNaN(row.validLossEpoch)).map((row) => row.iteration);
  expect(epochs).toEqual([0, ...Array.from({ length: 10 }, (_, i) => 469 * (i + 1) + 1)]);
  expect(rows.at(-1)).toEqual({
    epoch: 10,
    iteration: 4691,
    loss: 0.2290872484445572,
    lossEpoch: 0.258276855306966,
    validLossEpoch: 0.27232620100975036,
    alpha: 0.0010315670664668537,
    alphaEpoch: 0.0010367887360379767,
    beta: 1e-7,
  });
});

test('the table repeats the files that it was made from', ({ skip }) => {
  const pairs = runs.map(({ model, rates, method, rows }) => ({ rows, file: publishedFile(model, rates, method) }));
  skip(
    pairs.every(({ file }) => file === undefined),
    'HYPERGRAD_PUBLISHED names no folder of the published files',
  );
  for (const { rows, file } of pairs) {
    if (file === undefined) continue;
    const byIteration = new Map(file.map((row) => [row.iteration, row]));
    for (const row of rows) expect(byIteration.get(row.iteration)).toMatchObject(row);
  }
});
