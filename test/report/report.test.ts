import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../src/report/report.js';
import { methods, specOf } from '../../src/methods/table.js';
import { writeRecord } from '../../src/results/record.js';
import { record } from '../record.js';
import { learnedCsv, syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const dir = temporaryFolder();
const out = join(dir, 'page', 'report.html');
const warnings: string[] = [];

beforeAll(() => {
  for (const [index, method] of methods.entries()) {
    const text = syntheticCsv({
      loss: (iteration) => (2 + index) / (1 + iteration / 10),
      alpha: (iteration) => 0.001 * (1 + index) + (method.endsWith('hd') ? iteration * 1e-5 : 0),
    });
    writeCsv(dir, `mlp/+1e-03_+1e-07/${method}.csv`, text);
  }
  writeRecord(join(dir, 'mlp/+1e-03_+1e-07/sgd.json'), { ...record, rows: { count: 31, sha256: null } });
  writeCsv(dir, 'mlp/+1e-03_+1e-03/sgd.csv', 'not,a,result\n');
  writeCsv(dir, 'mlp/+1e-03_+1e-07/hdm.learned.csv', learnedCsv({ mu: (iteration) => 1 / iteration }));
  const layers = learnedCsv({ 'alpha/a': (iteration) => 1e-3 * iteration, 'alpha/b': () => 1e-3 });
  writeCsv(dir, 'mlp/+1e-03_+1e-07/sgd_hd_layers.learned.csv', layers);
  writeReport({ dir, out, warn: (message) => warnings.push(message) });
});

describe('writeReport', () => {
  it('names what it leaves out, and refuses an empty folder', () => {
    expect(warnings).toEqual([expect.stringMatching(/sgd\.csv: no column Epoch/)]);
    expect(() => writeReport({ dir: temporaryFolder(), out, warn: () => undefined })).toThrow(/no runs in/);
  });

  it('tells what a record tells, and leaves open what no record does', () => {
    const page = readFileSync(out, 'utf8');
    expect(page).toContain('>50.00 %</td>');
    expect(page).toContain(`<td class="text">${record.id}</td>`);
    expect(page.match(/<td class="text">onnx, onnxruntime-node 1<\/td>/g)).toHaveLength(1);
  });

  it('needs nothing from elsewhere, and may not fetch it', () => {
    expect(readFileSync(out, 'utf8')).not.toMatch(/(src|href)="(?!data:)|@import|url\(/);
    expect(readFileSync(out, 'utf8')).toMatch(
      /Content-Security-Policy" content="default-src 'none'; (?!.*connect-src)/,
    );
  });

  it('has neither heat maps, seeds nor unfinished runs where there are none', () => {
    const [page = ''] = readFileSync(out, 'utf8').split('<script');
    expect(page).not.toMatch(
      /<table class="heat"|<td>1<\/td>|Not finished|<select name="(figure|choice)"|<th scope="col">(Seeds|Diverged)/,
    );
  });

  it('sums up seeds, and has a heat map a method where α₀ or β differ', () => {
    const grid = temporaryFolder();
    const ends = {
      '1e-02_+1e-03': [0.4, 0.6],
      '1e-02_+1e-04': [NaN, NaN],
      '1e-03_+1e-03': [0.3, NaN],
      '1e-03_+1e-04': [],
    };
    for (const [rates, losses] of Object.entries(ends)) {
      const [, alpha, beta = ''] = /^(.*)_\+(.*)$/.exec(rates) ?? [];
      for (const [index, end] of losses.entries()) {
        const text = syntheticCsv({ alpha: () => Number(alpha), loss: (i) => (i === 0 ? 2 : end) }).replaceAll(
          '1e-7',
          beta,
        );
        writeCsv(grid, `logreg/+${rates}${index === 0 ? '' : `/seed=${index + 1}`}/sgd_hd.csv`, text);
      }
    }
    writeCsv(
      grid,
      'logreg/+1e-02_+1e-03/sgd.csv.partial',
      syntheticCsv({ alpha: () => 0.01 }).replaceAll('1e-7', '1e-3'),
    );
    writeCsv(grid, 'logreg/none_none/prodigy.csv', syntheticCsv({ alpha: () => 1e-6, loss: () => 0.5 }));
    const page = join(grid, 'r.html');
    writeReport({ dir: grid, out: page, reach: 0.5, warn: (message) => warnings.push(message) });
    const html = readFileSync(page, 'utf8');
    const body = html.slice(0, html.indexOf('<script'));
    const maps = [...body.matchAll(/<table class="heat">(.*?)<\/table>/gs)].map(([, map = '']) =>
      map
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
    // Validation losses, 1.1 times the mean: of 0.4 and 0.6, of 0.3 alone; all diverged, and none there.
    expect(maps).toEqual([
      'SGD α₀ \\ β any β 1e-2 0.617 1e-3',
      'Prodigy α₀ \\ β any β any α₀ 0.550',
      'SGD-HD α₀ \\ β 1e-4 1e-3 1e-2 × 0.550 1e-3 0.330 ×',
    ]);
    expect(body).toContain('0.50000 ± 0.14');
    expect(body).toContain('Iterations to a loss of 0.5');
    expect(body).toMatch(/1 of 2 diverged/);
    expect(body).toMatch(/Not finished[^]*logreg\/\+1e-02_\+1e-03\/sgd<\/span>/);
  });
});

describe.skipIf(!existsSync(executablePath))('the page in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(() => browser.close());

  /** Opens the page; `errors` gathers what its console says and its scripts throw. */
  async function open(options: Parameters<Browser['newPage']>[0] = {}) {
    const errors: string[] = [];
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, offline: true, ...options });
    page.on('console', (message) => errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`file://${out}`);
    await page.locator('canvas').nth(2).waitFor();
    return { page, errors };
  }

  /** Pixels of a colour on a chart's canvas, antialiased ones left out. */
  const pixels = (page: Page, chart: number, colour: readonly number[]) =>
    page
      .locator('canvas')
      .nth(chart)
      .evaluate((canvas: HTMLCanvasElement, [r = 0, g = 0, b = 0]) => {
        const [copy, { width, height }] = [document.createElement('canvas'), canvas];
        Object.assign(copy, { width, height });
        const context = copy.getContext('2d', { willReadFrequently: true });
        context?.drawImage(canvas, 0, 0);
        const data = context?.getImageData(0, 0, width, height).data ?? [];
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
          const far =
            Math.abs((data[i] ?? 0) - r) + Math.abs((data[i + 1] ?? 0) - g) + Math.abs((data[i + 2] ?? 0) - b);
          if (far < 12 && data[i + 3] === 255) count++;
        }
        return count;
      }, colour);

  const sgdHD = [0xfc, 0x93, 0x67];

  it('has three charts of all methods and one of what is learned besides, final values with the best marked, and no errors', async () => {
    const { page, errors } = await open();
    // The first line of a legend is that of x.
    const curves = async (chart: number) =>
      (await page.locator('.u-legend').nth(chart).locator('.u-series').count()) - 1;
    expect(await page.locator('.u-legend').count()).toBe(4);
    for (const chart of [0, 1, 2]) expect(await curves(chart)).toBe(methods.length);
    expect(await page.locator('.u-legend').nth(3).innerText()).toMatch(/HDM/);
    expect(await curves(3)).toBe(1);
    await page.selectOption('select[name=learned]', 'alpha');
    await expect.poll(() => curves(3)).toBe(2);
    expect(await page.locator('.u-legend').nth(3).innerText()).toMatch(/SGD-HD by layer, a[^]*SGD-HD by layer, b/);
    await page.getByRole('button', { name: 'SGD-HD by layer', exact: true }).click();
    expect(await page.locator('.u-legend').nth(3).locator('.u-off').count()).toBe(2);
    const rows = await page.locator('table.values').first().locator('tbody th').allInnerTexts();
    expect(rows, 'in the order of the table of methods').toEqual(methods.map((method) => specOf(method).label));
    // Adam's loss was made the lowest.
    const adam = page.locator('table.values').first().locator('tbody tr').first();
    expect(await adam.locator('th').innerText()).toBe('Adam');
    // 2 / (1 + 31 / 10)
    expect(await adam.locator('td.best').first().innerText()).toBe((2 / 4.1).toPrecision(5));
    expect(errors).toEqual([]);
  });

  it('hides and shows a method in every chart', async () => {
    const { page, errors } = await open();
    const button = page.getByRole('button', { name: 'SGD-HD', exact: true });
    for (const chart of [0, 1, 2]) expect(await pixels(page, chart, sgdHD)).toBeGreaterThan(50);
    await button.click();
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    await expect.poll(() => pixels(page, 0, sgdHD)).toBe(0);
    for (const chart of [1, 2]) expect(await pixels(page, chart, sgdHD)).toBe(0);
    await button.click();
    await expect.poll(() => pixels(page, 0, sgdHD)).toBeGreaterThan(50);
    expect(errors).toEqual([]);
  });

  it('shows values at the pointer, zooms in on all charts, and changes axes', async () => {
    const { page, errors } = await open();
    const over = page.locator('.u-over').first();
    const box = (await over.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(box.x + box.width - 2, box.y + 50);
    // At the last epoch: Adam's α is constant, and the other charts follow the pointer.
    const value = (chart: number, series: number) =>
      page.locator('.u-legend').nth(chart).locator('.u-series').nth(series).locator('.u-value').innerText();
    await expect.poll(() => value(0, 1)).toBe('0.001');
    expect([await value(0, 0), await value(1, 0)]).toEqual(['3', '3']);
    expect(Number(await value(1, 1))).toBeCloseTo(2 / 4.1, 4);

    await page.mouse.move(box.x + box.width * 0.4, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 60, { steps: 4 });
    await page.mouse.up();
    // Zoomed in to epochs 1.2 to 2.7: the chart's left end is nearest to epoch 1 or 2, not 0.
    await page.mouse.move(box.x + 2, box.y + 50);
    await expect.poll(() => value(2, 0)).not.toBe('0');

    await page.selectOption('select[name=by]', 'iteration');
    const after = (await over.boundingBox()) ?? box;
    await page.mouse.move(after.x + after.width - 2, after.y + 50);
    await expect.poll(() => value(0, 0)).toBe('31');
    await page.locator('input[name=logY]').first().check();
    await page.locator('input[name=logX]').uncheck();
    expect(await page.locator('.u-legend').count()).toBe(4);
    expect(errors).toEqual([]);
  });

  it('fits a phone, in the dark', async () => {
    const { page, errors } = await open({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(background).toBe('rgb(20, 20, 23)');
    const widths = await page.locator('canvas').evaluateAll((all) => all.map((canvas) => canvas.clientWidth));
    for (const width of widths) expect(width).toBeLessThanOrEqual(358);
    expect(errors).toEqual([]);
  });
});
