import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** One process of the mesh: how to start it, as often as need be. */
export type ProcessSpec = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes standard output and error; the one of the mesh before is kept as `<file>.previous`. */
  readonly logFile: string;
  /** host:port of its gRPC server, if it has one. */
  readonly address?: string;
};

/** How long to wait before a process that ended is started again: doubled each time, from `firstMs` to `maxMs`. */
export type RestartPolicy = {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A process that ran this long counts as recovered: the next wait is `firstMs` again. */
  readonly recoveredAfterMs: number;
};

export const defaultRestartPolicy: RestartPolicy = { firstMs: 500, maxMs: 30_000, recoveredAfterMs: 60_000 };

export type ProcessState = ProcessIdentity & { readonly startedAt: Date; readonly restarts: number };

export type SupervisedProcess = {
  readonly spec: ProcessSpec;
  /** Undefined while it is not running. */
  state(): ProcessState | undefined;
  /** Rejects with StartupFailure if the process ends before `keepRunning` is called; never resolves. */
  readonly startupFailure: Promise<never>;
  /** Start-up is over: from now on the process is started again when it ends. */
  keepRunning(): void;
  /** SIGTERM, and no waiting: for an owner that is exiting itself. */
  abandon(): void;
  /** SIGTERM, SIGKILL after `graceMs`; resolves when it is gone. It is not started again. */
  stop(graceMs: number): Promise<void>;
};

/** A process ended while the mesh was starting. The message holds the end of its log. */
export class StartupFailure extends Error {
  override readonly name = 'StartupFailure';
}

/**
 * Starts a process and looks after it.
 *
 * @param onChange told whenever it was started or has ended
 */
export function superviseProcess(
  spec: ProcessSpec,
  { policy = defaultRestartPolicy, onChange }: { policy?: RestartPolicy; onChange: (event: ProcessEvent) => void },
): SupervisedProcess {
  let phase: 'starting' | 'running' | 'stopping' = 'starting';
  let running: { child: ChildProcess; state: ProcessState; ended: Promise<void> } | undefined;
  let restartTimer: NodeJS.Timeout | undefined;
  let restarts = 0;
  let waitMs: number | undefined;
  const startup = Promise.withResolvers<never>();
  // Only those who wait for the start look at it.
  startup.promise.catch(() => {});

  const onEnd = (startedAt: Date, how: string) => {
    running = undefined;
    onChange({ type: 'ended', name: spec.name, how, expected: phase === 'stopping' });
    if (phase === 'starting') startup.reject(startupFailure(spec, how));
    if (phase !== 'running') return;
    waitMs = nextRestartWait(policy, waitMs, Date.now() - startedAt.getTime());
    restartTimer = setTimeout(start, waitMs);
    restarts++;
  };

  const start = () => {
    const child = spawnLogged(spec);
    const startedAt = new Date();
    const ended = new Promise<void>((resolve) => {
      const end = (how: string) => {
        onEnd(startedAt, how);
        resolve();
      };
      child.once('error', (error) => child.pid === undefined && end(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) =>
        end(signal === null ? `exited with code ${code}` : `was ended by ${signal}`),
      );
    });
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) return;
    running = { child, state: { ...identity, startedAt, restarts }, ended };
    onChange({ type: 'started', name: spec.name });
  };

  start();
  return {
    spec,
    startupFailure: startup.promise,
    state: () => running?.state,
    keepRunning() {
      if (phase === 'starting') phase = 'running';
    },
    abandon() {
      phase = 'stopping';
      running?.child.kill('SIGTERM');
    },
    async stop(graceMs) {
      phase = 'stopping';
      clearTimeout(restartTimer);
      if (running === undefined) return;
      const { child, ended } = running;
      const killTimer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(killTimer);
    },
  };
}

/** Milliseconds to wait before a process that ran for `ranMs` is started again, `previousMs` being the wait before that run. */
export function nextRestartWait(policy: RestartPolicy, previousMs: number | undefined, ranMs: number): number {
  if (previousMs === undefined || ranMs >= policy.recoveredAfterMs) return policy.firstMs;
  return Math.min(2 * previousMs, policy.maxMs);
}

export type ProcessEvent =
  | { readonly type: 'started'; readonly name: string }
  | { readonly type: 'ended'; readonly name: string; readonly how: string; readonly expected: boolean };

/** Moves the logs of an earlier mesh out of the way. */
export function rotateLog(logFile: string): void {
  mkdirSync(dirname(logFile), { recursive: true });
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.previous`);
}

function spawnLogged(spec: ProcessSpec): ChildProcess {
  const log = openSync(spec.logFile, 'a');
  try {
    return spawn(spec.command, spec.args, {
      env: spec.env,
      stdio: ['ignore', log, log],
      // A process group of its own: Ctrl-C on the terminal is for the owner of the mesh, who stops the rest in order.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

function startupFailure(spec: ProcessSpec, how: string): StartupFailure {
  const tail = readFileSync(spec.logFile, 'utf8').trimEnd().split('\n').slice(-15);
  const told = tail.length === 1 && tail[0] === '' ? 'Its log is empty' : `The end of its log:\n${indent(tail)}`;
  return new StartupFailure(`${spec.name} ${how} while the mesh was starting. ${told}\n(${spec.logFile})`);
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join('\n');
}
