import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runtimeLibraries, runtimeVersion } from '../../src/engine/onnx/runtime.js';
import { main } from '../cli/hypergrad.js';

/** Any library does where one is only looked for. */
const anyLibrary = join(runtimeLibraries, 'libonnxruntime.so.1');

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('onnx-cuda, of which a part is missing', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypergrad-cuda-'));
    for (const part of ['driver', 'site/onnxruntime/capi', 'site/nvidia/cu13/lib']) {
      mkdirSync(join(folder, part), { recursive: true });
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const link = (...names: string[]) => names.forEach((name) => symlinkSync(anyLibrary, join(folder, name)));
  const driver = 'driver/libcuda.so.1';
  const provider = (part: string) => `site/onnxruntime/capi/libonnxruntime_providers_${part}.so`;

  /** What a run says, with a Python that has onnxruntime-gpu of a version, or has not. */
  function said(version?: string): string {
    const python = join(folder, 'python');
    const site = join(folder, 'site');
    const answer = version ? { site, folder: join(site, 'onnxruntime'), version } : { folder: null };
    writeFileSync(python, `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`);
    chmodSync(python, 0o755);
    const args = [main, 'train', '--engine', 'onnx-cuda', '--iterations', '2', '--silent'];
    const env = { ...process.env, LD_LIBRARY_PATH: join(folder, 'driver'), HYPERGRAD_PYTHON: python };
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
    expect(stderr).toMatch(/^error: .*\n$/); // one line
    expect(status).toBe(2);
    return stderr;
  }

  it('says that there is no package', () => {
    link(driver);
    expect(said()).toMatch(/no Python that was asked .* has onnxruntime-gpu; .*pip install/);
  });

  it('says that the version is another than that of the library that comes along', () => {
    link(driver);
    expect(said('1.2.3')).toContain(`needs onnxruntime-gpu ${runtimeVersion}, and ${join(folder, 'python')} has 1.2.3`);
  });

  it('says that the package has no provider', () => {
    link(driver, provider('shared'));
    expect(said(runtimeVersion)).toMatch(/finds no libonnxruntime_providers_cuda\.so in .*--force-reinstall brings it/);
  });

  it("says which of NVIDIA's libraries is missing", () => {
    const there = ['cudart.so.13', 'cublasLt.so.13', 'cublas.so.13'].map((name) => `site/nvidia/cu13/lib/lib${name}`);
    link(driver, provider('shared'), provider('cuda'), ...there);
    expect(said(runtimeVersion)).toMatch(/cannot load libcurand\.so\.10 .*pip install '.*' brings it/);
  });
});
