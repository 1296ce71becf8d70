import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

type Environment = Readonly<Record<string, string | undefined>>;

const checkout = fileURLToPath(new URL('../../..', import.meta.url));

/** Where the embedded mesh keeps its store, its logs and `mesh.json`: `${XDG_STATE_HOME:-~/.local/state}/nss`. */
export function defaultStateDir(env: Environment = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'nss');
}

/** Where data sets and built parts are kept: `NSS_CACHE_DIR`, else `${XDG_CACHE_HOME:-~/.cache}/nss`. */
export function defaultCacheDir(env: Environment = process.env): string {
  return env.NSS_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nss');
}

/** The folder that holds `<service>/src/main.ts`. */
export const defaultServicesDir = join(checkout, 'services');

/** What the checkout's package.json says about itself: its version and the Node that it is pinned to. */
export function checkoutManifest(): { version: string; pinnedNode: string | undefined } {
  const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    version: string;
    optionalDependencies?: Record<string, string>;
  };
  const pinnedNode = manifest.optionalDependencies?.[`node-${process.platform}-${process.arch}`];
  return { version: manifest.version, pinnedNode };
}

/** The commit that the checkout is at, marked `-dirty` when files differ from it; undefined where there is no git. */
export function checkoutCommit(): string | undefined {
  try {
    const describe = ['describe', '--always', '--abbrev=12', '--dirty', '--exclude=*'];
    return execFileSync('git', describe, {
      cwd: checkout,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
