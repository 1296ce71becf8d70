import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout that these scripts belong to. */
export function checkoutDirectory() {
  return fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
}

/** Where built and downloaded things live, outside of any checkout: `${XDG_CACHE_HOME:-~/.cache}/nss`. */
export function cacheDirectory(env) {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nss');
}
