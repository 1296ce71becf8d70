import { accessSync, constants, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessSpec } from './supervise.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** No nats-server was found. */
export class NatsServerNotFound extends Error {
  override readonly name = 'NatsServerNotFound';
}

/**
 * The path of the nats-server to run: what the set-up found (`NSS_NATS_SERVER`), else `NATS_SERVER`, else PATH or
 * /usr/sbin.
 *
 * @throws NatsServerNotFound with the ways to get one
 */
export function findNatsServer(
  env: Environment = process.env,
  systemFolders = ['/usr/sbin', '/usr/local/sbin'],
): string {
  for (const variable of ['NSS_NATS_SERVER', 'NATS_SERVER'] as const) {
    const path = env[variable];
    if (!path) continue;
    if (isExecutable(path)) return path;
    throw new NatsServerNotFound(`${variable} is "${path}", which cannot be executed. Correct it or unset it.`);
  }
  const folders = [...(env.PATH ?? '').split(delimiter).filter(isAbsolute), ...systemFolders];
  const found = folders.map((folder) => join(folder, 'nats-server')).find(isExecutable);
  if (found !== undefined) return found;
  throw new NatsServerNotFound(
    'there is no nats-server on this machine. Start with `npm run quickstart` or `npx nss`, which fetch one, install one ' +
      '(Debian: apt-get install nats-server), or set NATS_SERVER to its path.',
  );
}

/** How to run nats-server with JetStream on 127.0.0.1, everything it keeps inside `stateDir`. */
export function natsServerSpec(executable: string, stateDir: string, port: number, env: Environment): ProcessSpec {
  const folder = join(stateDir, 'nats');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'nats-server.conf');
  writeFileSync(
    config,
    [
      `listen: "127.0.0.1:${port}"`,
      'server_name: "nss-embedded"',
      `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }`,
      '',
    ].join('\n'),
  );
  return {
    name: 'nats-server',
    command: executable,
    args: ['-c', config],
    // Checkpoints come and go: left to itself its heap grows to gigabytes before Go collects it.
    env: { GOMEMLIMIT: '512MiB', ...env },
    logFile: join(stateDir, 'logs/nats-server.log'),
  };
}

/** Resolves when a server accepts connections: nats-server opens its port after JetStream has recovered its store. */
export async function waitForPort(port: number, signal: AbortSignal): Promise<void> {
  while (!(await acceptsConnections(port))) await delay(25, undefined, { signal });
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
