import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pythonPackage, pythonVariable } from '../../src/engine/python.js';

it.skipIf(process.platform === 'win32')('a package is found in the Python that is named, and no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hypergrad-python-'));
  const python = join(folder, 'python');
  try {
    writeFileSync(python, `#!/bin/sh\necho '{"site": "/s", "folder": "/s/'$3'", "version": "1.2.3"}'\n`);
    chmodSync(python, 0o755);
    const found = await pythonPackage('mod', 'mod-gpu', 'pip install mod-gpu', { [pythonVariable]: python });
    expect(found).toEqual({ python, site: '/s', folder: '/s/mod', version: '1.2.3' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('says who was asked, and what to install', async () => {
  const nowhere = pythonPackage('mod', 'mod-gpu', 'pip install mod-gpu', { [pythonVariable]: '/nowhere/python' });
  await expect(nowhere).rejects.toThrow(/\(\/nowhere\/python\) has mod-gpu;.*pip install mod-gpu brings it/);
});
