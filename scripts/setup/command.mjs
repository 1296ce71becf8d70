import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** A command of the set-up that did not end well; `output` holds what it printed. */
export class CommandError extends Error {
  name = 'CommandError';

  constructor(command, reason, output) {
    super(`\`${command}\` ${reason}${output.trim() === '' ? '' : `:\n${excerpt(output)}`}`);
    this.output = output;
  }
}

/**
 * Runs a command quietly and returns its standard output; what it printed is told when it fails.
 *
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean}} [options] `show`: let a person watch it
 * @throws {CommandError}
 */
export function runCommand(command, args, { cwd, env, show = false } = {}) {
  const text = [command, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: show ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let both = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
      both += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk) => {
      both += chunk;
    });
    child.once('error', (error) => {
      reject(new CommandError(text, error.code === 'ENOENT' ? 'was not found' : `failed (${error.message})`, ''));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new CommandError(text, signal === null ? `exited with ${code}` : `was ended by ${signal}`, both));
    });
  });
}

/** The full path of an executable file: `name` itself when it is a path, else looked up in PATH and `extraFolders`. */
export function findExecutable(name, env, extraFolders = []) {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  const folders = [...(env.PATH ?? '').split(delimiter).filter(isAbsolute), ...extraFolders];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Tools put what matters first (npm) or last (compilers, pip). */
function excerpt(text) {
  const lines = text.trimEnd().split('\n');
  const shown = lines.length <= 24 ? lines : [...lines.slice(0, 8), '...', ...lines.slice(-14)];
  return shown.map((line) => `    ${line}`).join('\n');
}
