// Lays ONNX Runtime into dist/onnxruntime; a part of the build.
//
// As a dependency, onnxruntime-node downloads CUDA files from a host of its own when it is installed, and fails where that
// cannot be reached. And it holds 114 MB that work on the processor does not need: DirectML with its compilers, and the
// library for macOS twice. WebGPU is within the library; on Windows the system's own compiler serves its shaders where
// DirectX's newer one, 18 MB, is not beside it. So the package brings the rest along, its JavaScript and a native library
// for each platform.
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const from = join(root, 'node_modules/onnxruntime-node');
const to = join(root, 'dist/onnxruntime');

const unneeded = /^(DirectML|dxcompiler|dxil)\.dll$|\.\d+\.\d+\.\d+\.dylib$|\.map$|\.d\.ts$/;

if (!existsSync(from)) throw new Error(`There is no ${from}; run npm ci.`);
rmSync(to, { recursive: true, force: true });
for (const folder of ['dist', 'bin']) {
  for (const name of readdirSync(join(from, folder), { recursive: true, withFileTypes: true })) {
    if (name.isFile() && !unneeded.test(basename(name.name))) bring(join(name.parentPath, name.name));
  }
}
bring(join(from, 'README.md'));
// Its package says that it is under the MIT licence, whose text has to go with a copy.
copyFileSync(join(root, 'scripts/onnxruntime.LICENSE'), join(to, 'LICENSE'));
const { name, version, author, license, repository, os, main } = JSON.parse(
  readFileSync(join(from, 'package.json'), 'utf8'),
);
const about = { name, version, author, license, repository, os, main };
writeFileSync(join(to, 'package.json'), `${JSON.stringify(about, undefined, 2)}\n`);

/** As a second name of the same file where the disk can have that, so that a build takes no room and no time. */
function bring(source) {
  const target = join(to, source.slice(from.length));
  mkdirSync(dirname(target), { recursive: true });
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}
