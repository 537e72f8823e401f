/** A remark for those whose proxy Node does not heed: it does from 22.21 and 24 on, where it is told. Else empty. */
export function proxyHint({ env } = process): string {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
  const set = names.find((name) => env[name]);
  if (set === undefined || env.NODE_USE_ENV_PROXY === '1') return '';
  return ` (${set} is set, but Node.js heeds it only with NODE_USE_ENV_PROXY=1, from 22.21 and 24 on)`;
}
