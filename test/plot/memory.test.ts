import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { columns } from '../../src/results/row.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';

/** Runs the built command line; gives the most memory that it took, in MB. */
function peakOf(...args: string[]): number {
  const program = new URL('../../dist/cli/program.js', import.meta.url);
  const script = `const { run } = await import('${program.href}'); await run(); console.error(process.resourceUsage().maxRSS);`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, ...args], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return Number(stderr.trim().split('\n').at(-1)) / 1000;
}

describe('200 runs in one figure', () => {
  const dir = temporaryFolder();
  const text = syntheticCsv({ epochs: 100, loss: (i) => 2 + Math.sin(i * i), alpha: (i) => Math.cos(i * i) });
  for (let run = 0; run < 200; run++) writeCsv(dir, `mlp/+1e-03_+${run}e-07/adam_hd.csv`, text);

  it('take less than 700 MB in all formats', { timeout: 180_000 }, () => {
    expect(peakOf('plot', '--dir', dir, '--plotDir', dir, '--format', 'pdf,png,svg')).toBeLessThan(700);
    const [pdf, png] = ['pdf', 'png'].map((format) => readFileSync(join(dir, `mlp.${format}`)));
    // Four bytes a pixel where it is looked at: not more than 80 MB.
    expect(png!.readUInt32BE(16) * png!.readUInt32BE(20)).toBeLessThan(20.1e6);
    // The height of 34 lines is that of five pages.
    expect(pdf!.toString('latin1').match(/\/Type \/Page\b/g)).toHaveLength(5);
  });
});

describe('a run of 125,000 epochs', () => {
  const dir = temporaryFolder();
  const file = openSync(writeCsv(dir, 'mlp/x/adam.csv', `${columns.join(',')}\n0,0,0,2,2,2,1,1,1\n`), 'a');
  for (let epoch = 1; epoch <= 125_000; epoch++) {
    const noise = 1 + Math.sin(epoch * epoch) / 2;
    writeSync(file, `${epoch},${epoch + 1},${epoch},${noise},${noise},${noise},${noise},${noise},1\n`);
  }
  closeSync(file);

  it('is drawn, reported and compared, and neither figure nor page grows with it', () => {
    const page = join(dir, 'report.html');
    expect(peakOf('report', '--dir', dir, '--out', page)).toBeLessThan(400);
    expect(statSync(page).size).toBeLessThan(600_000);
    expect(peakOf('plot', '--dir', dir, '--plotDir', dir, '--format', 'svg')).toBeLessThan(400);
    expect(statSync(join(dir, 'mlp.svg')).size).toBeLessThan(500_000);
    expect(peakOf('compare', dir, dir)).toBeLessThan(400);
  });
});
