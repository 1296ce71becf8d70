import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { withLock } from './lock.mjs';
import { SetupError, say, step } from './progress.mjs';

/**
 * Brings `node_modules` in line with `package-lock.json` when it is not. By `npm install` without saving, not by `npm ci`: that
 * one refuses a lock file without the optional packages of other platforms, which is what npm itself writes when its
 * registry (a mirror) does not have them.
 *
 * @throws {SetupError} when npm fails
 */
export async function ensureDependencies(checkout) {
  if (firstDifference(checkout) === undefined) return;
  await withLock(join(checkout, 'node_modules'), async () => {
    const difference = firstDifference(checkout);
    if (difference === undefined) return;
    say(`${difference}.`);
    await step('Installing the npm packages that package-lock.json names (npm install)', () => npmInstall(checkout));
  });
}

/**
 * What first tells that `node_modules` is not what `package-lock.json` says, or undefined when it is. npm keeps a lock
 * file of its own in `node_modules`, written when an installation ends: comparing with that one sees interrupted
 * installations and leaves alone what `npm install` has brought up to date.
 */
export function firstDifference(checkout) {
  const wanted = readPackages(join(checkout, 'package-lock.json'));
  if (wanted === undefined) throw new SetupError(`${join(checkout, 'package-lock.json')} cannot be read.`);
  const installed = readPackages(join(checkout, 'node_modules/.package-lock.json'));
  if (installed === undefined) return 'No npm packages are installed yet';
  for (const [path, entry] of Object.entries(wanted)) {
    // Workspaces themselves ('' and 'libs/...') are files of the checkout. Optional packages may be for other platforms.
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) continue;
    const found = installed[path];
    if (found === undefined) {
      if (entry.optional || entry.devOptional) continue;
      return `${path} is not installed`;
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) {
      return `${path} is installed in version ${found.version}, package-lock.json says ${entry.version}`;
    }
  }
  return undefined;
}

function readPackages(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function npmInstall(checkout) {
  // Under `npm run`, npm says where it is; it is a script for the Node that runs this one.
  const npm = process.env.npm_execpath;
  // Errors only: that packages want a newer Node than the one that runs npm is what the pinned Node is for.
  const args = ['install', '--no-save', '--loglevel=error'];
  const [command, commandArgs] = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
  try {
    await runCommand(command, commandArgs, { cwd: checkout, env: environmentOfNestedNpm() });
  } catch (error) {
    throw new SetupError(
      `the npm packages could not be installed: ${error.message}\n` +
        'Ways out: check that the npm registry can be reached (npm ping), or point npm at a mirror ' +
        '(npm config set registry URL), then run the same command again.',
    );
  }
}

/** `npm run` describes itself in npm_* variables, which an npm started below would take for its own settings. */
function environmentOfNestedNpm() {
  const isOwn = ([name]) => !/^npm_(package|lifecycle|command|execpath)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(isOwn));
}
