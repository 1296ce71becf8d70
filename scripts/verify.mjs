// Every gate of the project, in the order of what they cost: generate, lint, typecheck, test. Stops at the first that fails.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies } from './setup/dependencies.mjs';
import { checkoutDirectory } from './setup/directories.mjs';
import { SetupError } from './setup/progress.mjs';

const checkout = checkoutDirectory();
const generated = { folder: 'libs/contracts/src/gen', file: 'docs/api.md' };

/** SHA-256 over the names and contents of all that is generated. */
function fingerprint() {
  const hash = createHash('sha256');
  const inFolder = readdirSync(join(checkout, generated.folder), { recursive: true }).sort();
  for (const name of [...inFolder.map((each) => join(generated.folder, each)), generated.file]) {
    const path = join(checkout, name);
    if (statSync(path).isFile()) hash.update(`${name}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

function run(script) {
  process.stdout.write(`\n== npm run ${script}\n`);
  const { status, signal } = spawnSync('npm', ['run', '--silent', script], { cwd: checkout, stdio: 'inherit' });
  if (signal !== null) throw new SetupError(`npm run ${script} was ended by ${signal}.`);
  if (status !== 0) throw new SetupError(`npm run ${script} failed; its output is above.`);
}

try {
  await ensureDependencies(checkout);
  const before = fingerprint();
  run('generate');
  if (fingerprint() !== before) {
    const paths = `${generated.folder} ${generated.file}`;
    throw new SetupError(`${paths} were not what proto/ generates. They are now: look at them and commit them.`);
  }
  for (const script of ['lint', 'typecheck', 'test']) run(script);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`\nNot verified: ${error.message}\n`);
  process.exitCode = 1;
}
