import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareResults } from '../src/compare/compare.js';
import { overlay } from '../src/compare/overlay.js';
import { comparisonJson, comparisonTable } from '../src/compare/table.js';
import { UsageError } from '../src/errors.js';
import { plotResults } from '../src/plot/plot.js';
import { writeReport } from '../src/report/report.js';
import { mt19937 } from '../src/random/mt19937.js';
import { parseRun } from '../src/results/read.js';
import { syntheticCsv, temporaryFolder, writeCsv } from './synthetic.js';

/** Names that a folder may have, and that are more than names to JavaScript, XML, HTML, Vega or a terminal. */
const names = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'published', '-rf', ' ', 'a b', '..csv', '%s%n', '$&'],
  ...['</script><script>alert(1)</script>'.replaceAll('/', '\\'), '<!--', ']]>', '&amp;', '&#0;', `"'><svg onload=x>`],
  ...[
    '\x1b[31mred\x1b[0m',
    'bell\x07',
    'a\nb',
    'a\rb',
    'tab\t',
    '\x01\x02',
    '\x7f\x9b',
    '\u202eevil',
    '\u2028',
    '\ufeff',
    '\ufffe',
  ],
  ...["datum['x']", 'signal("y")', '{{x}}', '${1+1}', '\\', '`', 'モデル', '🙂', 'é', 'x'.repeat(200)],
];

const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffe]/u;
const methods = ['adam', 'sgd_hd'];

describe('hostile names', () => {
  const dir = temporaryFolder();
  for (const name of names) {
    for (const method of methods) writeCsv(dir, `${name}/${name}/${method}.csv`, syntheticCsv());
    writeCsv(dir, `${name}/+1e-03_+${name}/adam.csv`, syntheticCsv());
    writeCsv(dir, `${name}/${name}/sgd.csv`, `${name},${name}\n${name}`);
    writeCsv(dir, `${name}/${name}/${name}.csv`, syntheticCsv());
  }
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);

  it('are drawn, in well-formed SVG', async () => {
    const plotDir = temporaryFolder();
    const paths = await plotResults({ dir, plotDir, formats: ['svg'], warn });
    expect(paths).toHaveLength(names.length);
    for (const path of paths) {
      const svg = readFileSync(path, 'utf8');
      // Characters that XML 1.0 has; names are nothing but text.
      expect(svg).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
      expect(svg).not.toMatch(/<script|<svg onload|<!--|]]>/);
      expect(svg.replaceAll(/&(amp|lt|gt|quot|apos|#\d+);/g, '')).not.toContain('&');
    }
  });

  it.each(['pdf', 'png'] as const)('are drawn as %s', async (format) => {
    for (const name of ['__proto__', '\x1b[31mred\x1b[0m', '\ufffe', '🙂']) {
      const some = temporaryFolder();
      writeCsv(some, `${name}/${name}/adam.csv`, syntheticCsv());
      expect(await plotResults({ dir: some, plotDir: some, formats: [format], warn })).toEqual([
        join(some, `${name}.${format}`),
      ]);
    }
  });

  it('stand in the page as text', () => {
    const out = join(temporaryFolder(), 'report.html');
    writeReport({ dir, out, warn });
    const html = readFileSync(out, 'utf8');
    expect(html.match(/<script/g)).toHaveLength(3);
    expect(html).not.toMatch(/<svg onload|<!--/);
    expect(html.replaceAll('\n', '')).not.toMatch(/[\x00-\x08\x0b-\x1f\ufffe\u202e]/);
    expect(html.match(/<section id="model-\d/g)).toHaveLength(names.length);
  });

  it('are compared, and told without control characters', async () => {
    const figures = overlay(dir, dir, warn);
    const comparison = compareResults({ a: dir, b: dir, tolerance: 0, warn, onPair: figures.add });
    expect(comparison.runs).toHaveLength(3 * names.length);
    expect(comparison.leftOut).toHaveLength(names.length);
    expect(comparisonTable(comparison).replaceAll('\n', '')).not.toMatch(invisible);
    expect(JSON.parse(comparisonJson(comparison))).toMatchObject({ withinTolerance: true });
    expect((await figures.write(temporaryFolder(), ['svg'])).length).toBe(names.length);
  });

  it('are told in warnings that a terminal may have', () => {
    expect(warnings.length).toBeGreaterThan(3 * names.length);
    for (const warning of warnings) expect(warning).not.toMatch(invisible);
  });
});

describe('values at the ends of what a double holds', () => {
  it.each([
    [[1e308, -1e308, 5e-324, Infinity, NaN]],
    [[5e-324, 1e-310]],
    [[1e-250, 1e250]],
    [[0, -0, -1]],
    [[NaN]],
    [[Infinity, -Infinity]],
  ])('%j are drawn', async (values) => {
    const dir = temporaryFolder();
    const of = (iteration: number) => values[iteration % values.length] ?? 0;
    writeCsv(dir, 'mlp/x/adam.csv', syntheticCsv({ loss: of, alpha: of }));
    const warn = (message: string) => {
      throw new Error(message);
    };
    const [path = ''] = await plotResults({ dir, plotDir: dir, formats: ['svg', 'png', 'pdf'], warn });
    expect(readFileSync(path, 'utf8')).not.toMatch(/NaN|Infinity|undefined/);
    writeReport({ dir, out: join(dir, 'r.html'), warn });
  });
});

describe('a results file with random faults', () => {
  it('gives rows, or a short message that names it', () => {
    const source = mt19937(11);
    const below = (count: number) => source.next() % count;
    const scraps = [
      '"',
      ',',
      '\n',
      '\r',
      '\0',
      'nan',
      '-',
      'e',
      '9'.repeat(400),
      '\ufeff',
      '\x1b[2J',
      'Epoch',
      '1e999',
      '0x1',
      ';',
    ];
    const whole = syntheticCsv();
    let refused = 0;
    for (let trial = 0; trial < 5000; trial++) {
      let text = whole;
      for (let fault = 0; fault <= below(3); fault++) {
        const at = below(text.length + 1);
        const scrap = below(3) === 0 ? '' : (scraps[below(scraps.length)] ?? '');
        text = text.slice(0, at) + scrap + text.slice(at + below(below(2) === 0 ? 3 : 600));
      }
      try {
        expect(parseRun(text, below(2) === 0 ? 'adam.csv' : 'adam.csv.partial').length).toBeGreaterThan(0);
      } catch (error) {
        refused++;
        if (!(error instanceof UsageError)) throw error;
        expect(error.message).toMatch(/^adam\.csv/);
        expect(error.message).not.toMatch(invisible);
        expect(error.message.length).toBeLessThan(400);
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});
