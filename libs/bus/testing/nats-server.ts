import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A real nats-server with JetStream on 127.0.0.1, for tests. */
export type TestNatsServer = {
  /** For example `nats://127.0.0.1:40123`. */
  readonly url: string;
  readonly port: number;
  /** Folder of its JetStream store. */
  readonly storeDir: string;
  /** Stops it with SIGTERM; removes the store folder if it was made for this server. Stopping twice is fine. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL, as a crash would; the store folder stays. */
  kill(): Promise<void>;
};

/**
 * Starts a nats-server on a free port. To restart one, pass the `storeDir` and the `port` of the one before. The binary is
 * `$NATS_SERVER`, else the first `nats-server` in PATH, /usr/local/sbin or /usr/sbin.
 *
 * @param options.maxStoreBytes a disk that is full after so many bytes
 * @param options.config more of its configuration, for example users
 */
export async function startNatsServer(
  options: { storeDir?: string; port?: number; maxStoreBytes?: number; config?: string } = {},
): Promise<TestNatsServer> {
  const portsDir = await mkdtemp(join(tmpdir(), 'nss-nats-ports-'));
  const storeDir = options.storeDir ?? (await mkdtemp(join(tmpdir(), 'nss-nats-store-')));
  const port = String(options.port ?? -1);
  const config = join(portsDir, 'nats-server.conf');
  const limit = options.maxStoreBytes === undefined ? '' : `, max_file_store: ${options.maxStoreBytes}`;
  await writeFile(config, `jetstream { store_dir: ${JSON.stringify(storeDir)}${limit} }\n${options.config ?? ''}`);
  const server = spawn(
    natsServerBinary(),
    ['--addr', '127.0.0.1', '--port', port, '--config', config, '--ports_file_dir', portsDir],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(server, 'exit');
  // A test that fails before it stops its server leaves none behind.
  const orphan = () => server.kill('SIGKILL');
  process.once('exit', orphan);
  server.once('exit', () => process.off('exit', orphan));
  const url = await listening(server, portsDir).finally(() => rm(portsDir, { recursive: true, force: true }));

  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode === null && server.signalCode === null) server.kill(signal);
    await exited;
  };
  return {
    url,
    port: Number(new URL(url).port),
    storeDir,
    stop: async () => {
      await end('SIGTERM');
      if (options.storeDir === undefined) await rm(storeDir, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
  };
}

function natsServerBinary(): string {
  if (process.env.NATS_SERVER) return process.env.NATS_SERVER;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin'];
  const found = folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path));
  if (found === undefined)
    throw new Error('no nats-server in PATH or /usr/sbin: install it or set NATS_SERVER to its path');
  return found;
}

/** The URL, once the server has written its ports file (which it does when it accepts connections). */
function listening(server: ChildProcess, portsDir: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    const watcher = watch(portsDir, () => void look());
    const settle = (done: () => void) => {
      watcher.close();
      done();
    };
    // A look that is still under way when another one has the URL finds the folder gone: its rejection comes too late to count.
    const look = () => findUrl().catch((error) => settle(() => reject(error)));
    const findUrl = async () => {
      const file = (await readdir(portsDir)).find((name) => name.endsWith('.ports'));
      const text = file && (await readFile(join(portsDir, file), 'utf8'));
      if (!text?.endsWith('}')) return;
      const ports: { nats: string[] } = JSON.parse(text);
      settle(() => resolve(ports.nats[0]));
    };
    server.on('error', (error) => settle(() => reject(error)));
    server.on('exit', (code) => settle(() => reject(new Error(`nats-server ended with ${code}: ${log}`))));
    void look();
  });
}
