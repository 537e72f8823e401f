import { spawn } from 'node:child_process';
import { main, type Finished } from './hypergrad.js';

/** Runs a line of bash, in which `hypergrad` is the built command line; the exit code is that of the first failure in a pipe. */
export function shell(line: string, { cwd, env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Finished> {
  const script = `set -o pipefail; hypergrad() { '${process.execPath}' '${main}' "$@"; }; ${line}`;
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', script], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
