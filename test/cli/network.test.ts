import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { main } from './hypergrad.js';

// A network of one's own, in which every query for a name comes to us, needs namespaces, which not every machine allows.
const namespaces = spawnSync('unshare', ['-rmn', 'sh', '-c', 'ip link set lo up']).status === 0;

/** Notes the names that are asked for, and answers nothing. */
const listener = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.on('message', (query) => require('node:fs').appendFileSync('queries', query.toString('latin1', 12) + '\\n'));
  socket.bind(53, '127.0.0.1', () => console.log('listening'));`;

it.skipIf(!namespaces)(
  'a run asks for no name, though it goes on for as long as telemetry would wait',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypergrad-network-'));
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
    const script = `
      cd ${folder}
      ip link set lo up
      mount --bind resolv.conf /etc/resolv.conf
      touch queries
      '${process.execPath}' -e '${listener.replaceAll("'", `'"'"'`)}' >ready &
      until grep -q listening ready; do sleep 0.05; done
      timeout -s INT 14 '${process.execPath}' ${main} train --epochs 0 --save --silent
      cp queries asked
      timeout 2 '${process.execPath}' -e 'require("node:dns").resolve("control.example", () => {})' || true
      kill $!`;
    await promisify(execFile)('unshare', ['-rmn', 'sh', '-c', script]);
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('');
    expect(readFileSync(join(folder, 'queries'), 'latin1'), 'a query would have been heard').toContain('control');
    rmSync(folder, { recursive: true, maxRetries: 10 });
  },
  60_000,
);
