import { execFileSync } from 'node:child_process';
import { copyFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../', import.meta.url));

/** Puts the library and tfjs into `node_modules` of a folder, where a package manager would. */
export function installInto(folder: string): void {
  const home = join(folder, 'node_modules/hypergrad');
  const tsc = join(repository, 'node_modules/typescript/bin/tsc');
  const config = join(repository, 'docs/tsconfig.json');
  execFileSync(process.execPath, [tsc, '-p', config, '--outDir', join(home, 'dist'), '--noCheck']);
  copyFileSync(join(repository, 'package.json'), join(home, 'package.json'));
  symlinkSync(join(repository, 'node_modules/@tensorflow'), join(folder, 'node_modules/@tensorflow'));
}
