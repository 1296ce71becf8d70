import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { SetupError } from './progress.mjs';

/**
 * Runs a program in place of this one: same standard streams, signals passed on.
 *
 * @returns {Promise<number>} the exit code; 128 + signal number when a signal ended the program, as shells have it
 */
export function handOver(executable, args, env) {
  const child = spawn(executable, args, { stdio: 'inherit', env });

  // On a terminal Ctrl-C reaches the whole process group, the child included: passing SIGINT on would interrupt it
  // twice, and the second interrupt means "at once, without cleaning up".
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    const fromTerminal = onTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT');
    process.on(signal, () => {
      if (!fromTerminal) child.kill(signal);
    });
  }

  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(
        new SetupError(
          `${executable} cannot be started (${error.code ?? error.message}). If this system does not use glibc (Alpine, for example), ` +
            'start with a Node of the pinned major version of its own and remove node_modules/node-*.',
        ),
      );
    });
    child.once('exit', (code, signal) => {
      resolve(signal === null ? code : 128 + constants.signals[signal]);
    });
  });
}
