/**
 * Packs the optimizers alone, as the package `hypergrad-tfjs`:
 *
 *     npx tsx scripts/pack_tfjs.ts [FOLDER]
 *
 * The package is what src/index.ts needs, compiled, with the files of packages/hypergrad-tfjs beside it. It prints the
 * path of the packed file, which lies in FOLDER, by default the working one.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../', import.meta.url));
const home = join(repository, 'packages/hypergrad-tfjs');
const folder = resolve(process.argv[2] ?? '.');

const stage = mkdtempSync(join(tmpdir(), 'hypergrad-pack-'));
try {
  const tsc = join(repository, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', home, '--outDir', join(stage, 'dist')], { stdio: 'inherit' });
  for (const name of ['package.json', 'README.md']) copyFileSync(join(home, name), join(stage, name));
  copyFileSync(join(repository, 'LICENSE'), join(stage, 'LICENSE'));
  const packed = execFileSync('npm', ['pack', stage, '--pack-destination', folder, '--silent'], { encoding: 'utf8' });
  console.log(join(folder, packed.trim()));
} finally {
  rmSync(stage, { recursive: true });
}
