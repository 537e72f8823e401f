import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plotResults } from '../../src/plot/plot.js';
import { styles } from '../../src/plot/series.js';
import { methods, publishedMethods } from '../../src/methods/table.js';
import { learnedCsv, syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

const rates = '+1e-03_+1e-07';

function resultsOf(paths: readonly string[]): string {
  const dir = temporaryFolder();
  for (const path of paths) writeCsv(dir, path, syntheticCsv());
  return dir;
}

async function plot(dir: string, options: Partial<Parameters<typeof plotResults>[0]> = {}) {
  const warnings: string[] = [];
  const plotDir = temporaryFolder();
  const paths = await plotResults({ dir, plotDir, formats: ['svg'], warn: (text) => warnings.push(text), ...options });
  return { warnings, paths, plotDir, svg: readFileSync(paths[0] ?? '', 'utf8') };
}

/** Curves of a colour: strokes that Vega names lines. */
const curves = (svg: string, colour: string) =>
  [...svg.matchAll(/<path aria-label="[^"]*"[^>]*|<path [^>]*/g)].filter(
    ([path]) => path.includes(`stroke="${colour}"`) && /d="M[^"]*L/.test(path),
  ).length;

describe('plotResults', () => {
  it('draws five curves and a line of the legend for each method, in published colours', async () => {
    const { svg, paths, plotDir } = await plot(
      resultsOf(publishedMethods.map((method) => `mlp/${rates}/${method}.csv`)),
    );
    expect(paths).toEqual([join(plotDir, 'mlp.svg')]);
    expect(svg).toContain('>Multi-layer neural network (on MNIST)</text>');
    for (const method of publishedMethods) {
      const { colour, label } = styles[method];
      // Three panels, two insets, one symbol; the symbol is drawn with lines, too.
      expect(curves(svg, colour), label).toBe(6);
      expect(svg).toContain(`>${label}</text>`);
    }
    const legend = [...svg.matchAll(/>((?:Adam|SGDN?)(?:-HD)?)<\/text>/g)].map(([, label]) => label);
    expect(legend).toEqual(['Adam', 'Adam-HD', 'SGD', 'SGD-HD', 'SGDN', 'SGDN-HD']);
  });

  it('draws all methods there are in colours of their own, with the legend below, no inset, and rates far apart on a log axis', async () => {
    const dir = temporaryFolder();
    for (const [index, method] of methods.entries()) {
      writeCsv(dir, `mlp/${rates}/${method}.csv`, syntheticCsv({ alpha: () => 10 ** (-index / 3) }));
    }
    const { svg, warnings } = await plot(dir);
    for (const method of methods) expect(curves(svg, styles[method].colour), method).toBe(6);
    expect(new Set(methods.map((method) => styles[method].label)).size).toBe(methods.length);
    expect(svg).toContain('>10⁻⁴</text>');
    // Below the last of five panels, whose axes end at 22 + 5·254.5 + 3·15.5 + 38 points.
    const places = [...svg.matchAll(/<text [^>]*transform="translate\(([\d.]+),([\d.]+)\)"[^>]*>Prodigy</g)];
    expect(places).toHaveLength(1);
    expect(svg).toMatch(/<svg [^>]*height="15\d\d/);
    for (const title of ['Epoch', 'Iteration']) expect(svg.split(`>${title}<`)).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  it('draws what is learned besides α in a figure of its own, and passes over a file of it that is broken', async () => {
    const dir = resultsOf(['', '/seed=2'].map((seed) => `mlp/${rates}${seed}/hdm.csv`));
    writeCsv(dir, `mlp/${rates}/hdm.learned.csv`, learnedCsv({ mu: () => 0.5 }));
    writeCsv(dir, `mlp/${rates}/seed=2/hdm.learned.csv`, learnedCsv({ mu: () => 0.7 }));
    writeCsv(dir, `mlp/${rates}/ldog.csv.partial`, syntheticCsv());
    const layers = learnedCsv({ 'alpha/a': (iteration) => iteration, 'alpha/b': () => 1e-5 });
    writeCsv(dir, `mlp/${rates}/ldog.learned.csv.partial`, `${layers}32,5`);
    writeCsv(dir, `mlp/${rates}/prodigy.csv`, syntheticCsv());
    writeCsv(dir, `mlp/${rates}/prodigy.learned.csv`, 'Iteration,d\r\n2,many\r\n');
    const { paths, plotDir, warnings } = await plot(dir);
    expect(paths).toEqual([join(plotDir, 'mlp.svg'), join(plotDir, 'mlp_learned.svg')]);
    const svg = readFileSync(paths[1] ?? '', 'utf8');
    expect(svg).toContain('>Momentum μ</text>');
    expect(svg).toContain('>HDM, 2 of 2 seeds</text>');
    expect(svg.match(new RegExp(`fill="${styles.hdm.colour}"`, 'g')), 'the area of the seeds').toHaveLength(1);
    expect(curves(svg, styles.hdm.colour), 'their mean, and the legend').toBe(2);
    expect(curves(svg, styles.ldog.colour), 'each part, and the legend').toBe(3);
    expect(svg).not.toContain('Prodigy');
    expect(warnings).toEqual([expect.stringMatching(/prodigy\.learned\.csv: line 2 has not the 2 numbers of a line/)]);
  });

  it('writes the three formats, and the same bytes each time', async () => {
    const dir = resultsOf([`logreg/${rates}/adam.csv`]);
    const once = await plot(dir, { formats: ['pdf', 'png', 'svg'] });
    const again = await plot(dir, { formats: ['pdf', 'png', 'svg'] });
    expect(once.paths.map((path) => path.split('.').at(-1))).toEqual(['pdf', 'png', 'svg']);
    const bytes = once.paths.map((path) => readFileSync(path));
    expect(bytes[0]?.subarray(0, 5).toString('latin1')).toBe('%PDF-');
    expect(bytes[1]?.subarray(1, 4).toString('latin1')).toBe('PNG');
    // 373 points wide, three pixels each.
    expect(bytes[1]?.readUInt32BE(16)).toBe(3 * 373);
    expect(again.paths.map((path) => readFileSync(path))).toEqual(bytes);
  });

  it('draws runs of several folders in one figure, and side by side where a method occurs twice', async () => {
    const apart = resultsOf([`mlp/+1e-03_+1e-03/sgd.csv`, `mlp/${rates}/adam.csv`]);
    expect((await plot(apart)).svg).not.toContain('α₀');
    expect((await plot(apart, { facet: true })).svg).toContain('α₀ = 1e-03, β = 1e-07');

    const twice = resultsOf([`mlp/+1e-02_+1e-07/adam.csv`, `mlp/${rates}/adam.csv`]);
    const { svg } = await plot(twice);
    expect(svg).toContain('α₀ = 1e-02, β = 1e-07');
    expect(curves(svg, styles.adam.colour)).toBe(12);
    expect(curves((await plot(twice, { rates: [rates] })).svg, styles.adam.colour)).toBe(6);
    await expect(plot(twice, { rates: ['+1e-01_+1e-07'] })).rejects.toThrow(/no folder \+1e-01_\+1e-07.*found \+1e-02/);
  });

  it('draws seeds as their mean over the area that they lie in, without those that have diverged', async () => {
    const dir = temporaryFolder();
    const losses = { '': 1, '/seed=2': 3, '/seed=3': NaN };
    for (const [folder, loss] of Object.entries(losses)) {
      writeCsv(dir, `mlp/${rates}${folder}/sgd.csv`, syntheticCsv({ loss: (iteration) => (iteration > 0 ? loss : 4) }));
    }
    writeCsv(dir, `mlp/${rates}/adam.csv`, syntheticCsv());
    const { svg } = await plot(dir);
    expect(svg).toContain('>SGD, 2 of 3 seeds</text>');
    expect(svg).not.toContain('α₀');
    const { colour } = styles.sgd;
    const areas = [...svg.matchAll(/<path [^>]*/g)].filter(([path]) => path.includes(`fill="${colour}"`));
    expect(areas).toHaveLength(5);
    expect(areas.every(([path]) => /d="M[^"]*Z"/.test(path))).toBe(true);
    expect(curves(svg, colour)).toBe(6);

    // Either alone is a plain curve.
    expect((await plot(dir, { rates: [`${rates}/seed=2`] })).svg).not.toContain(`fill="${colour}"`);
  });

  it('says that a run is unfinished, draws diverged ones, and leaves out and names broken files', async () => {
    const dir = resultsOf([`mlp/${rates}/adam.csv.partial`, `mlp/${rates}/sgdn_hd.csv.partial`]);
    writeCsv(dir, `mlp/${rates}/sgd.csv`, syntheticCsv({ loss: (iteration) => (iteration > 15 ? NaN : 1) }));
    writeCsv(dir, `mlp/${rates}/sgd_hd.csv`, syntheticCsv().slice(0, -9));
    const { svg, warnings } = await plot(dir);
    expect(svg).toContain('>Adam (unfinished)</text>');
    expect(svg).toContain('>SGDN-HD (unfinished)</text>');
    expect(svg).not.toContain('NaN');
    expect(curves(svg, styles.sgd.colour)).toBeGreaterThanOrEqual(3);
    expect(svg).not.toContain('>SGD-HD</text>');
    expect(warnings).toEqual([expect.stringMatching(/sgd_hd\.csv: the last line is cut short/)]);
  });

  it('refuses a folder without runs', async () => {
    await expect(plot(temporaryFolder())).rejects.toThrow(/no runs in .*: expected <model>/);
  });
});
