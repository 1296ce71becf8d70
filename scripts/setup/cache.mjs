import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { withLock } from './lock.mjs';

/**
 * A folder of the cache, made once: `fill(folder)` fills a temporary folder beside it, which takes its place by one
 * rename. What is in the cache is therefore always whole.
 *
 * @returns {Promise<string>} `target`
 */
export async function cachedFolder(target, fill) {
  if (existsSync(target)) return target;
  const parent = dirname(target);
  const prefix = `.making-${basename(target)}-`;
  mkdirSync(parent, { recursive: true });
  return await withLock(target, async () => {
    if (existsSync(target)) return target;
    removeLeftovers(parent, prefix);
    const temporary = mkdtempSync(join(parent, prefix));
    try {
      await fill(temporary);
      renameSync(temporary, target);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    return target;
  });
}

/** Half-made folders of runs that were killed: whoever holds the lock knows that nobody is filling them. */
function removeLeftovers(parent, prefix) {
  if (process.platform !== 'linux') return;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(prefix)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}
