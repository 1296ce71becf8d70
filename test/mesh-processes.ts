import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A service of the mesh, as a process of its own. */
export type ServiceProcess = {
  readonly address: string;
  readonly pid: number;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** SIGTERM; gives the exit code. */
  stop(): Promise<number | null>;
};

/** The environment that tells services where everything is. */
export type MeshEnvironment = Record<string, string>;

const services = join(import.meta.dirname, '..', 'services');

/**
 * Starts `services/<name>/src/main.ts`, or another file, at an address and waits until it listens; behind a `wrapper`, a command that runs
 * the one that follows it.
 */
export async function startService(
  name: string,
  address: string,
  env: MeshEnvironment,
  { file = join(services, name, 'src/main.ts'), wrapper = [] }: { file?: string; wrapper?: readonly string[] } = {},
): Promise<ServiceProcess> {
  const [command, ...args] = [...wrapper, process.execPath, file];
  const child = spawn(command, args, {
    env: { ...process.env, NSS_INSECURE: 'loopback', ...env, NSS_LISTEN: address, NSS_LOG_LEVEL: 'info' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  await listening(name, child);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    return child.exitCode;
  };
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  return { address, pid, kill: async () => void (await end('SIGKILL')), stop: () => end('SIGTERM') };
}

async function listening(name: string, child: ChildProcess): Promise<void> {
  const lines: string[] = [];
  const listens = Promise.withResolvers<void>();
  if (!child.stderr) throw new Error('the process has no stderr');
  // Read to the end: a full pipe would stop the process.
  createInterface({ input: child.stderr })
    .on('line', (line) => {
      lines.push(line);
      if (lines.length > 1000) lines.shift();
      if (line.includes('"msg":"listening"')) listens.resolve();
      if (process.env.NSS_TEST_LOGS) process.stderr.write(`${line}\n`);
    })
    .on('close', () => listens.reject(new Error(`${name} ended before it listened:\n${lines.join('\n')}`)));
  await listens.promise;
}

/** Addresses on free ports of this machine. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const addresses = servers.map((server) => {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('a TCP server without a port');
    return `127.0.0.1:${bound.port}`;
  });
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return addresses;
}
