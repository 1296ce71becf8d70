import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheDir } from '@nss/launcher';

const run = promisify(execFile);

/** A Python that has these packages, kept in the cache under the name of the first one; made by pip once. Rejects where pip cannot. */
export async function pythonWith(...packages: readonly [string, ...string[]]): Promise<string> {
  const home = join(defaultCacheDir(), `test-python-${packages[0]}`);
  if (!existsSync(home)) {
    const preparing = `${home}.${process.pid}`;
    try {
      await run('python3', ['-m', 'venv', preparing]);
      const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', ...packages];
      await run(join(preparing, 'bin/python'), pip);
      await rename(preparing, home);
    } catch (error) {
      await rm(preparing, { recursive: true, force: true });
      throw error;
    }
  }
  return join(home, 'bin/python');
}
