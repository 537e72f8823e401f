import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repeatCommand } from '../../src/cli/repeat.js';
import { record } from '../record.js';
import { syntheticCsv, temporaryFolder, writeCsv } from '../synthetic.js';
import { hypergrad } from './hypergrad.js';

describe('watch', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('prints its address, and ends by %s', async (signal, expected) => {
    const dir = temporaryFolder();
    writeCsv(dir, 'mlp/+1e-03_+1e-07/adam.csv', syntheticCsv());
    const { code, stdout, stderr } = await hypergrad(['watch', dir], {
      whileRunning: (said, kill) => {
        if (said.includes('until Ctrl-C')) kill(signal);
      },
    });
    expect({ code, stdout }).toEqual({
      code: expected,
      stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\n$/) as string,
    });
    expect(stderr).toBe(`Open it in a browser. It shows ${dir} until Ctrl-C.\n`);
    rmSync(dir, { recursive: true });
  });

  it('says what is wrong', async () => {
    const file = writeCsv(temporaryFolder(), 'a.csv', '');
    for (const [args, message] of [
      [[file], /is no folder; name the one that has/],
      [['--port', '65536'], /It takes an integer, 0 to 65535\./],
      [['--porte', '1'], /Did you mean --port\?/],
    ] as const) {
      const { code, stderr } = await hypergrad(['watch', ...args]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) as string });
    }
  });
});

describe('the command that repeats a run', () => {
  const settings = { ...record.settings, method: 'sgd_hd', mu: 0.9, seed: 2, batchSize: 64, synthetic: false };
  const ofSweep = { ...record, settings };

  it('is of the sweep where the path is', () => {
    const path = join('some where', 'mlp', '+1e-03_+1e-06', 'batchSize=64_seed=2', 'sgd_hd.csv.partial');
    expect(repeatCommand('some where')({ ...ofSweep, settings: { ...settings, beta: 1e-6 } }, path)).toBe(
      "hypergrad sweep --model mlp --method sgd_hd --batchSize 64 --seed 2 --dir 'some where' --retryFailed",
    );
  });

  it('is of train where a sweep has another', () => {
    expect(repeatCommand('results')(ofSweep, 'results/mlp/+1e-03_+1e-06/sgd_hd.csv.partial')).toBe(
      'hypergrad train --model mlp --method sgd_hd --batchSize 64 --seed 2 --save --resume',
    );
  });
});
