import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { chromiumPath } from './chromium.js';

/** Folder of Chromium's software Vulkan driver, SwiftShader, with its loader; undefined where there is none. */
const folder = [chromiumPath && dirname(realpathSync(chromiumPath)), '/usr/lib/chromium'].find(
  (path) => path && ['vk_swiftshader_icd.json', 'libvulkan.so.1'].every((name) => existsSync(join(path, name))),
);

/**
 * Gives this process a Vulkan driver that needs no graphics card. To be called before ONNX Runtime first looks for one.
 * @returns whether there is one for it.
 */
export function softwareVulkan(): boolean {
  if (folder === undefined || process.platform !== 'linux' || process.arch !== 'x64') return false;
  process.env.VK_ICD_FILENAMES = join(folder, 'vk_swiftshader_icd.json');
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  const RTLD_NODELETE = 0x1000; // as Linux has it; Node lists it not
  try {
    // The runtime asks for libvulkan.so.1 by name, and gets the one that is loaded already.
    process.dlopen({ exports: {} }, join(folder, 'libvulkan.so.1'), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    // It is no module of Node, and stays loaded all the same.
    if (!(error as Error).message.includes('self-register')) throw error;
  }
  return true;
}
