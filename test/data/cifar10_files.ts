import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { packTar } from 'modern-tar/fs';

/** The six files of CIFAR-10's binary version, `count` images each; the pixels differ from place to place. */
export function cifar10Files(count: number): Record<string, Uint8Array> {
  const names = [...[1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`), 'test_batch.bin'];
  return Object.fromEntries(
    names.map((name, file) => {
      const bytes = Uint8Array.from({ length: count * 3073 }, (_, i) => Math.imul(i + 7919 * file, 2654435761) >>> 24);
      for (let record = 0; record < count; record++) bytes[record * 3073] = (file + record) % 10;
      return [name, bytes];
    }),
  );
}

export function put(folder: string, files: Record<string, Uint8Array>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
}

/** An archive as the official one is laid, with files that have no business there. */
export function cifar10Archive(files: Record<string, Uint8Array>): Promise<Uint8Array> {
  return archiveOf({
    'cifar-10-batches-bin/readme.html': '<html>',
    'cifar-10-batches-bin/more/astray.bin': 'astray',
    'astray.bin': 'astray',
    ...below('cifar-10-batches-bin', files),
  });
}

/** The files of the package in the npm registry that hold the same images. */
export function packageFiles(files: Record<string, Uint8Array>): Record<string, Uint8Array> {
  const labels: Record<string, number[]> = { 'train_lables.json': [], 'test_lables.json': [] };
  const images = Object.entries(files).map(([name, bytes]) => {
    const count = bytes.length / 3073;
    const list = labels[name.startsWith('test') ? 'test_lables.json' : 'train_lables.json']!;
    for (let image = 0; image < count; image++) list.push(bytes[image * 3073]!);
    const data = Uint8Array.from({ length: count * 3072 }, (_, i) => {
      const [image, pixel, channel] = [Math.floor(i / 3072), Math.floor(i / 3) % 1024, i % 3];
      return bytes[image * 3073 + 1 + channel * 1024 + pixel]!;
    });
    return [name.replace('.bin', '.png'), encode({ width: 1024, height: count, channels: 3, data })] as const;
  });
  const lists = Object.entries(labels).map(([name, list]) => [name, Buffer.from(JSON.stringify(list))] as const);
  return Object.fromEntries<Uint8Array>([...images, ...lists]);
}

/** An archive as npm packs it, with files that nobody needs. */
export function packageArchive(files: Record<string, Uint8Array>): Promise<Uint8Array> {
  return archiveOf({ 'package/package.json': '{}', 'astray/test_batch.png': 'astray', ...below('package', files) });
}

function below(folder: string, files: Record<string, Uint8Array>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));
}

async function archiveOf(contents: Record<string, string | Uint8Array>): Promise<Uint8Array> {
  const entries = Object.entries(contents).map(([target, content]) => ({ type: 'content' as const, target, content }));
  return gzipSync(await buffer(packTar(entries)));
}
