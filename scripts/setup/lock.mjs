import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from './progress.mjs';

/**
 * Runs `action` while no other process of this machine runs one under the same name.
 *
 * The lock is a socket in Linux's abstract namespace: the kernel drops it with the process that holds it, so there is
 * no stale lock file to reason about after a crash. Elsewhere there is no lock; results are moved into place by one
 * rename, so that two first runs at once only do the same work twice.
 *
 * @param {string} name the path of what is being made
 */
export async function withLock(name, action) {
  if (process.platform !== 'linux') return await action();
  const address = `\0nss-setup-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  let server = await tryListen(address);
  if (server === undefined) say(`Waiting for another process that is preparing ${name}`);
  while (server === undefined) {
    await delay(250);
    server = await tryListen(address);
  }
  try {
    return await action();
  } finally {
    server.close();
  }
}

function tryListen(address) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve(server.unref()));
  });
}
