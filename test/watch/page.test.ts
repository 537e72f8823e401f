import { appendFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repeatCommand } from '../../src/cli/repeat.js';
import { hold } from '../../src/lock.js';
import { writeRecord } from '../../src/results/record.js';
import { serveFolder, type Watch } from '../../src/watch/server.js';
import { chromiumPath, launchChromium } from '../chromium.js';
import { record } from '../record.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

describe.skipIf(!chromiumPath)('the page in Chromium', () => {
  const dir = temporaryFolder();
  let browser: Browser;
  let watch: Watch;
  const start = (port = 0) => serveFolder({ dir, port, repeat: repeatCommand(dir), every: 20 });
  beforeAll(async () => {
    [browser, watch] = await Promise.all([launchChromium(), start()]);
  });
  afterAll(async () => {
    await Promise.all([browser.close(), watch.close()]);
    rmSync(dir, { recursive: true });
  });

  async function open(options: Parameters<Browser['newPage']>[0] = {}) {
    const errors: string[] = [];
    const asked: string[] = [];
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, ...options });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Error/.test(message.text())) errors.push(message.text());
    });
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(watch.url);
    return { page, errors, asked };
  }

  /** A results file with these rates; its losses end at `end`. */
  const text = (alpha: number, beta: string, end: number) =>
    syntheticCsv({ alpha: () => alpha, loss: (i) => (i === 0 ? 2 : end + 1 / i) }).replaceAll('1e-7', beta);
  const cells = (page: Page) => page.locator('button.cell').allInnerTexts();
  /** The last epoch that a chart shows. */
  const lastEpoch = async (page: Page) => {
    const over = page.locator('.u-over').first();
    const box = (await over.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(box.x + box.width - 2, box.y + 40);
    return page.locator('.u-legend .u-series').first().locator('.u-value').innerText();
  };

  it('follows runs from an empty folder on: curves grow, cells fill up, and it finds its server again', async () => {
    const { page, errors, asked } = await open();
    const [line, counts] = [page.locator('#line'), page.locator('#counts')];
    await expect.poll(() => line.innerText()).toMatch(/^Connected/);
    expect(await page.locator('#empty').isVisible()).toBe(true);

    const whole = text(0.1, '1e-3', 0.2);
    const stem = 'logreg/+1e-01_+1e-03/sgd_hd';
    const partial = writeCsv(dir, `${stem}.csv.partial`, whole.slice(0, whole.indexOf('\r\n2,12,') + 2));
    const lock = hold(join(dir, `${stem}.csv.lock`), { work: 'writing', wayOut: '' });
    const settings = { ...record.settings, model: 'logreg', method: 'sgd_hd', batchSize: 60_000, epochs: 30 };
    const running = { ...record, settings, state: 'running' as const };
    writeRecord(join(dir, `${stem}.json`), running);
    await expect.poll(() => counts.innerText()).toMatch(/^1 run, under way; those under way end in about/);
    expect(await page.locator('#empty').isVisible()).toBe(false);
    expect(await page.locator('progress').getAttribute('value')).toBe('11');
    expect(await page.getByRole('button', { name: 'SGD-HD (under way)' }).isVisible()).toBe(true);
    expect(await lastEpoch(page)).toBe('1');

    appendFileSync(partial, whole.slice(whole.indexOf('\r\n2,12,') + 2));
    await expect.poll(() => lastEpoch(page)).toBe('3');

    writeRecord(join(dir, `${stem}.json`), { ...running, state: 'finished', rows: { count: 31, sha256: null } });
    renameSync(partial, join(dir, `${stem}.csv`));
    lock.release();
    await expect.poll(() => counts.innerText()).toBe('1 run, finished.');
    expect(await cells(page), 'one cell is no grid').toEqual([]);

    writeCsv(dir, 'logreg/+1e-01_+1e-04/sgd_hd.csv', text(0.1, '1e-4', 0.3));
    await expect.poll(() => cells(page)).toHaveLength(2);
    writeCsv(dir, 'logreg/+1e-02_+1e-04/sgd_hd.csv', text(0.01, '1e-4', NaN));
    await expect.poll(() => cells(page)).toEqual(['0.365', '0.255', '×']);

    const { port } = new URL(watch.url);
    await watch.close();
    await expect.poll(() => line.innerText()).toMatch(/^Disconnected/);
    expect(await cells(page), 'what was shown stays').toHaveLength(3);
    writeCsv(dir, 'logreg/+1e-02_+1e-03/sgd_hd.csv', text(0.01, '1e-3', 0.4));
    watch = await start(Number(port));
    await expect.poll(() => line.innerText(), { timeout: 15_000 }).toMatch(/^Connected/);
    await expect.poll(() => cells(page)).toEqual(['0.365', '0.255', '×', '0.475']);

    expect(asked.filter((url) => !url.startsWith(watch.url) && !url.startsWith('data:'))).toEqual([]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('draws what a cell stands for, by pointer and by keyboard', async () => {
    const { page, errors } = await open();
    await page.locator('canvas').nth(2).waitFor();
    const buttons = page.locator('button[data-run]');
    await expect.poll(() => buttons.count()).toBe(4);
    await page.locator('button.cell').nth(1).click();
    await expect.poll(() => buttons.allInnerTexts()).toEqual(['SGD-HD']);
    expect(await page.locator('select[name=choice]').inputValue()).toBe('+1e-01_+1e-03');

    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await page.locator('select[name=choice]').inputValue()).toBe('+1e-02_+1e-03');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-rates'))).toBe('+1e-02_+1e-03');
    await page.selectOption('select[name=choice]', 'best');
    await expect.poll(() => buttons.allInnerTexts()).toEqual(['SGD-HD α₀ 1e-01, β 1e-03']);
    await page.selectOption('select[name=figure]', 'alpha');
    await expect.poll(() => cells(page)).toEqual(['0.100', '0.100', '0.0100 ×', '0.0100']);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('lists what failed with the command that tries it again, and tells so aloud', async () => {
    const { page, errors } = await open({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
    await page.locator('canvas').nth(2).waitFor();
    const stem = 'logreg/+1e-02_+1e-03/seed=2/sgd_hd';
    writeCsv(dir, `${stem}.csv.partial`, text(0.01, '1e-3', 0.4));
    const settings = {
      ...record.settings,
      model: 'logreg',
      method: 'sgd_hd',
      alpha_0: 0.01,
      beta: 1e-3,
      seed: 2,
      batchSize: 128,
    };
    writeRecord(join(dir, `${stem}.json`), { ...record, settings, state: 'failed', error: 'The disk <b>is</b> full.' });
    const failed = page.locator('#unfinished li');
    await expect.poll(() => failed.locator('.error').allInnerTexts()).toEqual(['The disk <b>is</b> full.']);
    expect(await failed.locator('code').innerText()).toMatch(
      /^hypergrad sweep --method sgd_hd .*--seed 2 .*--retryFailed$/,
    );
    expect(await page.locator('#failures').innerText()).toBe(`Failed: ${stem}`);
    expect(await page.locator('#failures').getAttribute('role')).toBe('status');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);

    // A second seed makes the curve one with a band.
    rmSync(join(dir, `${stem}.json`));
    renameSync(join(dir, `${stem}.csv.partial`), join(dir, `${stem}.csv`));
    await expect.poll(() => page.locator('#unfinished li').count()).toBe(0);
    await expect.poll(() => page.locator('[data-part=bands]').innerText()).toMatch(/^A curve of several seeds/);
    await expect.poll(() => page.locator('.u-legend').first().locator('.edge').count()).toBe(2);
    expect(await page.evaluate(() => document.querySelectorAll('main, header, footer').length)).toBe(3);
    expect(errors).toEqual([]);
    await page.close();
  });
});
