// The last step of a build: notes the commit that it was made from, where this is its repository, and makes the command
// line a program.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';

function commit() {
  if (!existsSync('.git')) return undefined;
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync(
      'git',
      ['describe', '--always', '--dirty=.changed', '--abbrev=12', '--exclude=*'],
      options,
    ).trim();
  } catch {
    return undefined;
  }
}

writeFileSync('dist/build.json', `${JSON.stringify({ commit: commit() })}\n`);
chmodSync('dist/cli/main.js', 0o755);
