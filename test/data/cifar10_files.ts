import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
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
export async function cifar10Archive(files: Record<string, Uint8Array>): Promise<Uint8Array> {
  const contents = {
    'cifar-10-batches-bin/readme.html': '<html>',
    'cifar-10-batches-bin/more/astray.bin': 'astray',
    'astray.bin': 'astray',
    ...Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`cifar-10-batches-bin/${name}`, bytes])),
  };
  const entries = Object.entries(contents).map(([target, content]) => ({ type: 'content' as const, target, content }));
  return gzipSync(await buffer(packTar(entries)));
}
