import { cpSync, existsSync, lstatSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { runCommand } from './command.mjs';

/**
 * Lets tfjs-node fetch what its makers have built (libtensorflow 2.9.1 and the addon) and keeps it in `into`.
 *
 * @throws {Error} when the download fails
 */
export async function downloadAddon(into, { node, packageFolder, env }) {
  const parts = ['lib', 'deps'];
  for (const name of parts) {
    // A link into a cache that is gone would be followed by the installer.
    const path = join(packageFolder, name);
    if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path, { recursive: true });
  }
  // The installer calls node-pre-gyp by name, as npm would let it.
  const commands = [
    dirname(node.executable),
    join(packageFolder, 'node_modules/.bin'),
    join(packageFolder, '../../.bin'),
  ];
  await runCommand(node.executable, ['scripts/install.js', 'cpu', 'download'], {
    cwd: packageFolder,
    env: { ...env, PATH: [...commands, env.PATH].join(delimiter) },
  });
  if (!existsSync(join(packageFolder, 'lib/napi-v8/tfjs_binding.node'))) {
    throw new Error("tfjs-node's installer ended without the addon");
  }
  for (const name of parts)
    cpSync(join(packageFolder, name), join(into, name), { recursive: true, verbatimSymlinks: true });
}
