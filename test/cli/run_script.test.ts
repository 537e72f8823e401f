import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../synthetic.js';
import { shell } from './shell.js';

const script = fileURLToPath(new URL('../../run.sh', import.meta.url));

it.skipIf(process.platform === 'win32')('run.sh works in the folder that it is called in, by links too', async () => {
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(script, join(cwd, 'node_modules', 'link'));
  symlinkSync('../link', join(cwd, 'node_modules', '.bin', 'run'));
  const { code, stderr } = await shell('node_modules/.bin/run logreg --iterations 20', { cwd });
  expect(code).toBe(0);
  const saved = [...stderr.matchAll(/^Saved (.*)\.$/gm)].map(([, path]) => path ?? '');
  expect(saved).toEqual(
    ['+1e-03/sgd', '+1e-03/sgd_hd', '+1e-03/sgdn', '+1e-03/sgdn_hd', '+1e-07/adam', '+1e-07/adam_hd'].map(
      (run) => `results/logreg/+1e-03_${run}.csv`,
    ),
  );
  for (const path of saved) expect(readFileSync(join(cwd, path), 'utf8')).toMatch(/^Epoch,/);
  // What has finished is not repeated.
  expect((await shell('node_modules/.bin/run logreg --iterations 20', { cwd })).stderr).not.toMatch(/^Saved/m);
  expect((await shell('node_modules/.bin/run resnet', { cwd })).code).toBe(2);
});
