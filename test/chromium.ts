import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Chromium's program: what the environment variable CHROMIUM names, or Debian's; undefined where there is none. */
export const chromiumPath = [process.env.CHROMIUM, '/usr/bin/chromium'].find(
  (path) => path !== undefined && existsSync(path),
);

/** A headless Chromium that asks nothing of the network. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--enable-unsafe-swiftshader', // WebGL without a graphics card
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
