import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plotGrid, type GridFigure } from '../../src/plot/grid.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

/** Runs by path, with the losses that they end with: the validation loss is 1.1 times that. */
const runs = {
  'logreg/+1e-01_+1e-03/adam.csv': 0.2,
  'logreg/+1e-01_+1e-03/sgd_hd.csv': 0.4,
  'logreg/+1e-01_+1e-04/sgd_hd.csv': NaN,
  'logreg/+1e-01_+1e-04/seed=2/sgd_hd.csv': NaN,
  'logreg/+1e-02_+1e-03/sgd_hd.csv': 0.6,
  'logreg/+1e-02_+1e-03/seed=2/sgd_hd.csv': 0.7,
  'logreg/+1e-02_+1e-04/sgd_hd.csv': 0.8,
  'logreg/+1e-02_+1e-04/seed=2/sgd_hd.csv': NaN,
  'logreg/+1e-02_+1e-04/mu=0.5/sgdn.csv': 0.1,
};

function results(): string {
  const dir = temporaryFolder();
  for (const [path, end] of Object.entries(runs)) {
    const [, alpha, beta = ''] = /\+(1e-\d+)_\+(1e-\d+)/.exec(path) ?? [];
    const text = syntheticCsv({ alpha: () => Number(alpha), loss: (iteration) => (iteration === 0 ? 2 : end) });
    writeCsv(dir, path, text.replaceAll('1e-7', beta));
  }
  return dir;
}

async function drawn(figure: GridFigure, reach?: number) {
  const dir = results();
  const plotDir = join(dir, 'plots');
  const paths = await plotGrid({
    dir,
    plotDir,
    figure,
    reach,
    formats: ['svg'],
    warn: (message) => expect.fail(message),
  });
  const svg = readFileSync(join(plotDir, 'logreg_grid.svg'), 'utf8');
  const words = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, word = '']) => word);
  return { svg, words, paths: paths.map((path) => path.slice(plotDir.length + 1)) };
}

describe('a grid', () => {
  it('has a panel a method and a cell a setting, with the mean over its seeds', async () => {
    const { words, paths } = await drawn('loss');
    expect(paths).toEqual(['logreg_grid.svg', 'logreg_grid_mu=0.5.svg']);
    expect(words).toEqual(
      expect.arrayContaining(['Logistic regression (on MNIST)', 'Adam', 'SGD-HD', 'α₀', 'β', '1e-3']),
    );
    // 0.65 is the mean of two seeds; of 0.8 the other has diverged.
    expect(words).toEqual(expect.arrayContaining(['0.400', '0.650', '0.800 ×']));
    expect(
      words.filter((word) => word === '×'),
      'all have diverged',
    ).toHaveLength(1);
    expect(
      words.filter((word) => word === '0.200'),
      'Adam is the same for every β',
    ).toHaveLength(2);
  });

  it('shows what is asked for', async () => {
    expect((await drawn('validLoss')).words).toEqual(expect.arrayContaining(['0.220', '0.440', '0.715', '0.880 ×']));
    const { words: reached, svg } = await drawn('reached', 0.65);
    // Of 0.6 and 0.7 one has come so far, of 0.8 none.
    expect(reached).toEqual(expect.arrayContaining(['2', '–', '×']));
    expect(svg).toContain('training loss of 0.65');
  });

  it('is brighter where it is better, and grey where there is nothing', async () => {
    const { svg } = await drawn('loss');
    // The ends of viridis.
    for (const colour of ['#fde725', '#440154', '#dddddd'])
      expect(svg).toMatch(new RegExp(`fill="${colour}|fill="${rgb(colour)}`));
  });

  it('is the same each time', async () => {
    expect((await drawn('loss')).svg).toBe((await drawn('loss')).svg);
    expect(existsSync(join(results(), 'plots'))).toBe(false);
  });
});

function rgb(hex: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgb\\(${r}, ?${g}, ?${b}\\)`;
}
