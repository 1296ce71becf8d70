// Runs the pinned Node with whatever this checkout needs in place:
//
//   node scripts/run.mjs [--with nats,tensorflow|all] -- ARGS...
//
// Any Node >= 20 can start it. It installs what is missing, says so, and then hands over: the exit code and the
// signals are those of `node ARGS...`. When everything is there it adds a fraction of a second.

import { ensureDependencies } from './setup/dependencies.mjs';
import { cacheDirectory, checkoutDirectory } from './setup/directories.mjs';
import { processEnvironment } from './setup/environment.mjs';
import { handOver } from './setup/hand-over.mjs';
import { ensureNatsServer } from './setup/nats.mjs';
import { findPinnedNode } from './setup/node.mjs';
import { SetupError } from './setup/progress.mjs';
import { ensureTensorflow } from './setup/tensorflow.mjs';

const knownParts = ['nats', 'tensorflow'];

const usage = `Usage: node scripts/run.mjs [--with PARTS] -- ARGS...
  --with PARTS  what must be ready first: ${knownParts.join(', ')} (comma-separated), or all
  ARGS          arguments for the pinned Node, for example: libs/client/src/main.ts doctor`;

/** Splits the command line into the parts to prepare and the arguments of Node. */
function parseArguments(argv) {
  const separator = argv.indexOf('--');
  const own = separator === -1 ? argv : argv.slice(0, separator);
  const nodeArguments = separator === -1 ? [] : argv.slice(separator + 1);
  let parts = [];
  if (own.length > 0) {
    const [option, value, ...rest] = own;
    if (option !== '--with' || value === undefined || rest.length > 0) {
      throw new SetupError(`run.mjs does not understand "${own.join(' ')}".\n${usage}`);
    }
    parts = value === 'all' ? knownParts : value.split(',');
  }
  const unknown = parts.filter((part) => !knownParts.includes(part));
  if (unknown.length > 0) {
    throw new SetupError(`run.mjs cannot prepare "${unknown.join(', ')}".\n${usage}`);
  }
  if (nodeArguments.length === 0) {
    throw new SetupError(`run.mjs was not told what to run.\n${usage}`);
  }
  return { parts, nodeArguments };
}

async function main() {
  const { parts, nodeArguments } = parseArguments(process.argv.slice(2));
  const checkout = checkoutDirectory();
  const cache = cacheDirectory(process.env);

  await ensureDependencies(checkout);
  const node = findPinnedNode(checkout);
  const natsServer = parts.includes('nats') ? await ensureNatsServer({ cache, env: process.env }) : undefined;
  const engine = parts.includes('tensorflow')
    ? await ensureTensorflow({ checkout, cache, node, env: process.env })
    : undefined;

  const env = processEnvironment(process.env, { cache, node, natsServer, engine });
  return await handOver(node.executable, nodeArguments, env);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`\nSet-up failed: ${error.message}\n`);
  process.exitCode = 1;
}
