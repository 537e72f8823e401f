import { expect, test } from 'vitest';
import { proxyHint } from '../../src/data/proxy.js';

const hint = (env: NodeJS.ProcessEnv) => proxyHint({ env } as NodeJS.Process);

test('names the proxy that Node does not heed', () => {
  expect(hint({ https_proxy: 'http://proxy:3128' })).toBe(
    ' (https_proxy is set, but Node.js heeds it only with NODE_USE_ENV_PROXY=1, from 22.21 and 24 on)',
  );
});

test('says nothing where there is none, or it is heeded', () => {
  expect(hint({ HTTPS_PROXY: '' })).toBe('');
  expect(hint({ HTTPS_PROXY: 'http://proxy:3128', NODE_USE_ENV_PROXY: '1' })).toBe('');
});
