import { availableParallelism } from 'node:os';
import type { Logger } from '@nss/runtime';
import { checkoutManifest, defaultCacheDir, defaultServicesDir, defaultStateDir } from './directories.ts';
import { waitUntilServing } from './health.ts';
import { claimStateDir, type MeshAddresses, type MeshFile, removeMeshFile, writeMeshFile } from './mesh-file.ts';
import { findNatsServer, natsServerSpec, waitForPort } from './nats-server.ts';
import { planServices } from './plan.ts';
import { findFreePorts } from './ports.ts';
import { identify } from './process-identity.ts';
import {
  defaultRestartPolicy,
  type ProcessEvent,
  type ProcessSpec,
  type RestartPolicy,
  rotateLog,
  type SupervisedProcess,
  superviseProcess,
} from './supervise.ts';

/** How a mesh is to run; what can be written down, so that it can be handed to another process. */
export type MeshSettings = {
  /** Default: `defaultStateDir()`. */
  readonly stateDir?: string;
  /** Trainer processes. Default: one a core. */
  readonly trainers?: number;
  /** Threads of one tensor operation. Default 1: several trainers use the cores better than one trainer with many threads. */
  readonly threadsPerTrainer?: number;
  /** Default: `defaultCacheDir()`. */
  readonly cacheDir?: string;
  /** Holds `<service>/src/main.ts`. Default: the checkout's. */
  readonly servicesDir?: string;
  /** Milliseconds until everything must serve. Default 120,000. */
  readonly startTimeoutMs?: number;
  /** Milliseconds that a service gets to stop by itself, to the end of its calls in flight. Default 15,000. */
  readonly stopGraceMs?: number;
  readonly restartPolicy?: RestartPolicy;
};

export type MeshProgress = {
  /** `nats-server`, `space-controller`, `supernet-trainer-1`, ... */
  readonly name: string;
  readonly ready: number;
  readonly total: number;
};

export type MeshOptions = MeshSettings & {
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Told each time one more process is ready. */
  readonly onProgress?: (progress: MeshProgress) => void;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
  /** Whether it runs until it is told to stop, whatever becomes of the command that started it. Default: no. */
  readonly detached?: boolean;
};

/** A mesh that this process owns. */
export type Mesh = {
  readonly stateDir: string;
  readonly natsUrl: string;
  readonly addresses: MeshAddresses;
  /** Stops the services, then NATS. May be called more than once. */
  stop(): Promise<void>;
};

/**
 * Starts nats-server and the five services on 127.0.0.1 as children of this process, and resolves when all of them serve.
 * Until `stop`, what ends is started again. `mesh.json` in the state directory says what runs.
 *
 * @throws MeshAlreadyRunning, NatsServerNotFound, StartupFailure (a process ended while starting; with the end of its log),
 *   MeshStartTimeout
 */
export async function startMesh(options: MeshOptions = {}): Promise<Mesh> {
  const stateDir = options.stateDir ?? defaultStateDir();
  const trainers = options.trainers ?? availableParallelism();
  const natsServer = findNatsServer();
  const [natsPort, ...ports] = await findFreePorts(5 + trainers);
  const [spaceController, flopsEstimator, evaluator, nasRunner, ...rest] = ports.map((port) => `127.0.0.1:${port}`);
  const addresses: MeshAddresses = { spaceController, flopsEstimator, evaluator, nasRunner, trainers: rest };
  const natsUrl = `nats://127.0.0.1:${natsPort}`;

  const file: MeshFile = {
    ...ownIdentity(),
    ready: false,
    detached: options.detached ?? false,
    version: checkoutManifest().version,
    startedAt: new Date().toISOString(),
    natsUrl,
    addresses,
    processes: [],
  };
  await claimStateDir(stateDir, file);

  const processes: SupervisedProcess[] = [];
  let ready = false;
  let stopping: Promise<void> | undefined;

  const save = () => {
    if (stopping === undefined) writeMeshFile(stateDir, { ...file, ready, processes: processes.flatMap(describe) });
  };
  const onChange = (event: ProcessEvent) => {
    report(event, options.logger);
    save();
  };
  const stop = () => {
    stopping ??= stopAll(processes, options.stopGraceMs ?? 15_000).then(() => {
      process.off('exit', abandon);
      removeMeshFile(stateDir);
    });
    return stopping;
  };
  // An owner that exits in a hurry cannot wait, but need not leave its children behind.
  const abandon = () => {
    for (const each of processes) each.abandon();
  };
  process.on('exit', abandon);

  try {
    const specs = [
      natsServerSpec(natsServer, stateDir, natsPort, process.env),
      ...planServices({
        stateDir,
        cacheDir: options.cacheDir ?? defaultCacheDir(),
        servicesDir: options.servicesDir ?? defaultServicesDir,
        natsUrl,
        addresses,
        threadsPerTrainer: options.threadsPerTrainer ?? 1,
        env: process.env,
      }),
    ];
    const start = (spec: ProcessSpec) => {
      rotateLog(spec.logFile);
      const started = superviseProcess(spec, { policy: options.restartPolicy ?? defaultRestartPolicy, onChange });
      processes.push(started);
      save();
      return started;
    };
    await startInOrder(specs, start, natsPort, options);
    for (const each of processes) each.keepRunning();
    ready = true;
    save();
  } catch (error) {
    await stop();
    throw error;
  }
  return { stateDir, natsUrl, addresses, stop };
}

/** Not everything was ready in time. */
export class MeshStartTimeout extends Error {
  override readonly name = 'MeshStartTimeout';
}

/** NATS first, then all services at once: none needs another one to start. */
async function startInOrder(
  [nats, ...services]: readonly ProcessSpec[],
  start: (spec: ProcessSpec) => SupervisedProcess,
  natsPort: number,
  { onProgress, signal: callerSignal, startTimeoutMs = 120_000 }: MeshOptions,
): Promise<void> {
  const waiting = new Set([nats, ...services].map(({ name }) => name));
  const total = waiting.size;
  // Ends the waiting for the others when one fails.
  const failed = new AbortController();
  const timeout = AbortSignal.timeout(startTimeoutMs);
  const signal = AbortSignal.any([failed.signal, timeout, ...(callerSignal ? [callerSignal] : [])]);
  const untilReady = async (spec: ProcessSpec, wait: (signal: AbortSignal) => Promise<void>) => {
    await Promise.race([start(spec).startupFailure, wait(signal)]);
    waiting.delete(spec.name);
    onProgress?.({ name: spec.name, ready: total - waiting.size, total });
  };
  try {
    await untilReady(nats, (signal) => waitForPort(natsPort, signal));
    await Promise.all(
      services.map((spec) => untilReady(spec, (signal) => waitUntilServing(spec.address as string, signal))),
    );
  } catch (error) {
    if (!timeout.aborted || callerSignal?.aborted) throw error;
    const late = [nats, ...services].filter(({ name }) => waiting.has(name));
    throw new MeshStartTimeout(
      `after ${startTimeoutMs / 1000} s still not ready: ${late.map(({ name }) => name).join(', ')}. ` +
        `What they are doing is in ${late.map(({ logFile }) => logFile).join(', ')}.`,
    );
  } finally {
    failed.abort();
  }
}

/** The services first, so that they can still tell NATS what they leave. */
async function stopAll([nats, ...services]: readonly SupervisedProcess[], graceMs: number): Promise<void> {
  await Promise.all(services.map((service) => service.stop(graceMs)));
  await nats?.stop(graceMs);
}

function describe({ spec, state }: SupervisedProcess): MeshFile['processes'] {
  const running = state();
  if (running === undefined) return [];
  const { pid, startTime, restarts, startedAt } = running;
  return [
    {
      name: spec.name,
      pid,
      startTime,
      startedAt: startedAt.toISOString(),
      restarts,
      logFile: spec.logFile,
      ...(spec.address === undefined ? {} : { address: spec.address }),
    },
  ];
}

function report(event: ProcessEvent, logger: MeshOptions['logger']): void {
  if (event.type === 'started') logger?.info({ process: event.name }, 'started');
  else if (event.expected) logger?.info({ process: event.name }, event.how);
  else logger?.warn({ process: event.name }, event.how);
}

function ownIdentity() {
  const identity = identify(process.pid);
  if (identity === undefined)
    throw new Error(`process ${process.pid} cannot see itself: is /proc mounted, is ps there?`);
  return identity;
}
