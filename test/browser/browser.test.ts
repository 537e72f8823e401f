import { setBackend } from '@tensorflow/tfjs';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { loadMnist } from '../../src/data/mnist.js';
import { AdamHD } from '../../src/index.js';
import { chromiumPath, launchChromium } from '../chromium.js';
import { installInto, repository } from '../installed.js';
import { train, type Figures } from './page/train.js';

const options = { lr: 1e-3, hypergradLr: 1e-5 };
const count = 500;
const pages = ['index.html', 'reload.html'];

/** A web site that uses the package as one that was installed: bundled by Vite from its `exports`. */
describe.skipIf(!chromiumPath)('in Chromium, on a page bundled by Vite', () => {
  let site: string;
  let server: PreviewServer;
  let browser: Browser;
  let expected: Figures;

  beforeAll(async () => {
    site = mkdtempSync(join(tmpdir(), 'hypergrad-site-'));
    cpSync(join(repository, 'test/browser/page'), site, { recursive: true });
    installInto(site);
    const { train: digits } = loadMnist().dataset;
    const [pixels, labels] = [digits.images.slice(0, count * 784), digits.labels.slice(0, count)];
    mkdirSync(join(site, 'public'));
    writeFileSync(join(site, 'public/pixels.bin'), pixels);
    writeFileSync(join(site, 'public/labels.bin'), labels);
    await build({
      root: site,
      logLevel: 'error',
      build: { chunkSizeWarningLimit: 4000, rolldownOptions: { input: pages } },
    });
    server = await preview({ root: site, logLevel: 'error', preview: { port: 0 } });
    browser = await launchChromium();

    await setBackend('cpu');
    expected = await train(new AdamHD(options), pixels, labels);
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await server.close();
    rmSync(site, { recursive: true });
  });

  it.for([
    ['cpu', 1e-6], // the same arithmetic as in Node
    ['webgl', 1e-4], // sums in another order, and a shader's exp and log
  ] as const)(
    'AdamHD trains logistic regression on MNIST digits with %s as in Node',
    async ([backend, tolerance], { skip }) => {
      const page = await browser.newPage();
      const mistakes: string[] = [];
      page.on('pageerror', (error) => mistakes.push(error.message));
      const url = server.resolvedUrls?.local[0] ?? '';
      await page.goto(url);
      const figures = await page.evaluate<Figures | null>(`trainOn('${backend}', ${JSON.stringify(options)})`);
      expect(mistakes).toEqual([]);
      if (!figures) return skip(`this Chromium has no ${backend}`);

      expect(figures.loss).toHaveLength(5);
      for (const [i, loss] of expected.loss.entries()) {
        expect(Math.abs(figures.loss[i]! / loss - 1)).toBeLessThan(tolerance);
      }
      expect(Math.abs(figures.rate / expected.rate - 1)).toBeLessThan(tolerance);
      expect(figures.accuracy.at(-1)).toBeGreaterThan(0.85);
      expect(figures.rate).toBeGreaterThan(1.1 * options.lr);

      await page.goto(new URL('reload.html', url).href);
      expect(await page.evaluate(`reload('${backend}')`)).toEqual({ name: 'AdamHD', rate: figures.rate });
      expect(mistakes).toEqual([]);
    },
  );
});
