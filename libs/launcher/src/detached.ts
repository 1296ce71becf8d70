import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultStateDir } from './directories.ts';
import { isServing } from './health.ts';
import type { MeshOptions, MeshProgress, MeshSettings } from './mesh.ts';
import { clearStaleMesh, MeshAlreadyRunning, type MeshFile, readMesh } from './mesh-file.ts';
import { endProcesses, isAlive, residentBytes } from './process-identity.ts';
import { rotateLog } from './supervise.ts';

/** What the supervisor tells the process that launched it. */
export type SupervisorMessage =
  | { readonly type: 'progress'; readonly progress: MeshProgress }
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly name: string; readonly message: string };

/** The supervisor could not start the mesh; the message is that of what went wrong in it. */
export class MeshLaunchFailed extends Error {
  override readonly name = 'MeshLaunchFailed';
}

/**
 * Starts a mesh that outlives this process, owned by a supervisor process of its own, and resolves when all of it serves.
 *
 * @throws MeshAlreadyRunning, MeshLaunchFailed
 */
export async function launchMesh(options: MeshSettings & Pick<MeshOptions, 'onProgress'> = {}): Promise<MeshFile> {
  const { onProgress, ...settings } = options;
  const stateDir = settings.stateDir ?? defaultStateDir();
  const running = readMesh(stateDir);
  if (running !== undefined) throw new MeshAlreadyRunning(stateDir, running);

  const logFile = join(stateDir, 'logs/supervisor.log');
  rotateLog(logFile);
  const log = openSync(logFile, 'a');
  const supervisor = spawn(
    process.execPath,
    [fileURLToPath(new URL('./supervisor.ts', import.meta.url)), JSON.stringify({ ...settings, stateDir })],
    { detached: true, stdio: ['ignore', log, log, 'ipc'] },
  );
  closeSync(log);

  try {
    await new Promise<void>((resolve, reject) => {
      supervisor.on('message', (message: SupervisorMessage) => {
        if (message.type === 'progress') onProgress?.(message.progress);
        else if (message.type === 'ready') resolve();
        else reject(new MeshLaunchFailed(message.message));
      });
      supervisor.once('error', reject);
      supervisor.once('exit', (code, signal) => {
        reject(new MeshLaunchFailed(`the supervisor ended (${signal ?? `exit code ${code}`}); its log is ${logFile}`));
      });
    });
  } finally {
    if (supervisor.connected) supervisor.disconnect();
    supervisor.unref();
  }
  const mesh = readMesh(stateDir);
  if (mesh === undefined) throw new MeshLaunchFailed(`the mesh was ready and is gone again; see ${logFile}`);
  return mesh;
}

/**
 * Stops the mesh of a state directory, whoever owns it, and waits until it is gone. Also ends what a mesh that has died
 * left running. Returns whether there was anything to stop.
 */
export async function stopMesh(stateDir: string = defaultStateDir(), graceMs = 30_000): Promise<boolean> {
  const mesh = readMesh(stateDir);
  if (mesh !== undefined) await endProcesses([mesh], graceMs);
  // Nothing is left to clear when the owner could stop in order.
  const cleared = await clearStaleMesh(stateDir);
  return mesh !== undefined || cleared;
}

export type ProcessStatus = {
  /** `supervisor`, `nats-server`, `space-controller`, ..., `supernet-trainer-1`, ... */
  readonly name: string;
  readonly pid: number;
  /** Whether the process lives. */
  readonly alive: boolean;
  /** Whether it says that it serves; undefined for processes without a gRPC server. */
  readonly serving: boolean | undefined;
  readonly address: string | undefined;
  /** Resident memory, where the system tells. */
  readonly memoryBytes: number | undefined;
  readonly uptimeMs: number;
  readonly restarts: number;
  readonly logFile: string | undefined;
};

export type MeshStatus = { readonly mesh: MeshFile; readonly processes: readonly ProcessStatus[] };

/** How the mesh of a state directory is doing now; undefined when none runs. */
export async function meshStatus(stateDir: string = defaultStateDir()): Promise<MeshStatus | undefined> {
  const mesh = readMesh(stateDir);
  if (mesh === undefined) return undefined;
  const owner = {
    name: 'supervisor',
    pid: mesh.pid,
    startTime: mesh.startTime,
    startedAt: mesh.startedAt,
    restarts: 0,
  };
  const now = Date.now();
  const processes = await Promise.all(
    [owner, ...mesh.processes].map(async (entry) => {
      const { address, logFile } = entry as Partial<MeshFile['processes'][number]>;
      return {
        name: entry.name,
        pid: entry.pid,
        alive: isAlive(entry),
        serving: address === undefined ? undefined : await isServing(address),
        address,
        memoryBytes: residentBytes(entry.pid),
        uptimeMs: now - Date.parse(entry.startedAt),
        restarts: entry.restarts,
        logFile,
      };
    }),
  );
  return { mesh, processes };
}
