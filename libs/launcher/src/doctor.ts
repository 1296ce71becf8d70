import { execFile } from 'node:child_process';
import { mkdirSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SelfTestResult } from '@nss/tensor';
import { checkoutManifest, defaultCacheDir, defaultStateDir } from './directories.ts';
import { readMesh } from './mesh-file.ts';
import { findNatsServer } from './nats-server.ts';
import { trainerEnvironment } from './process-environment.ts';

/** One thing that was looked at. */
export type DoctorLine = {
  readonly name: string;
  /** `warn`: works, but worse than it could. `fail`: does not work. */
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly detail: string;
  /** What to do about it; always there unless `status` is `ok`. */
  readonly remedy?: string;
};

export type DoctorOptions = {
  readonly stateDir?: string;
  readonly cacheDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
};

const gibibyte = 2 ** 30;

/** What a mesh with a trainer a core takes while it runs the `small` preset. */
const wantedMemoryBytes = 4 * gibibyte;

/** libtensorflow with its wheel while it is set up, and the data sets. */
const wantedDiskBytes = 4 * gibibyte;

/** Looks at everything that the mesh needs on this machine. Never throws: what cannot be looked at is a `fail` line. */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorLine[]> {
  const env = options.env ?? process.env;
  const stateDir = options.stateDir ?? defaultStateDir(env);
  const cacheDir = options.cacheDir ?? defaultCacheDir(env);
  return [
    await look('Node', async () => node()),
    await look('nats-server', () => natsServer(env)),
    ...(await lookAtEngine(env)),
    await look('processor', async () => processor()),
    await look('memory', async () => memory()),
    await look('cache', async () => folder('cache', cacheDir, wantedDiskBytes, 'NSS_CACHE_DIR')),
    await look('state', async () => folder('state', stateDir, gibibyte, 'XDG_STATE_HOME')),
    await look('mesh', async () => mesh(stateDir)),
  ];
}

async function look(name: string, check: () => Promise<DoctorLine>): Promise<DoctorLine> {
  try {
    return await check();
  } catch (error) {
    const [detail, ...rest] = messageOf(error).split(/(?<=\.) /);
    return { name, status: 'fail', detail, remedy: rest.join(' ') || 'see what the message names' };
  }
}

function node(): DoctorLine {
  const { pinnedNode } = checkoutManifest();
  const running = process.versions.node;
  if (pinnedNode === undefined || running === pinnedNode) return { name: 'Node', status: 'ok', detail: running };
  return {
    name: 'Node',
    status: 'warn',
    detail: `${running}; the project is tested with ${pinnedNode}`,
    remedy: 'start with `npx nss`, which takes the pinned one',
  };
}

async function natsServer(env: DoctorOptions['env']): Promise<DoctorLine> {
  const path = findNatsServer(env);
  const { stdout } = await promisify(execFile)(path, ['--version']);
  const version = /v(\d+)\.(\d+)\.(\d+)/.exec(stdout);
  if (version === null)
    throw new Error(`${path} says "${stdout.trim()}", which is no version of nats-server. Set NATS_SERVER.`);
  const [text, major, minor] = version;
  const detail = `${text.slice(1)} at ${path}`;
  if (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 9))
    return { name: 'nats-server', status: 'ok', detail };
  return { name: 'nats-server', status: 'fail', detail, remedy: 'install 2.9 or newer, or name one in NATS_SERVER' };
}

type EngineCheck = { description: string; warning?: string; results: SelfTestResult[] };

/** The engine and whether it computes right, as a trainer with one thread would have it. */
async function lookAtEngine(env: NonNullable<DoctorOptions['env']>): Promise<DoctorLine[]> {
  const remedy = 'NSS_ENGINE=tensorflow npx nss doctor sets TensorFlow up again and tells what stands in the way';
  let check: EngineCheck;
  try {
    check = await checkEngine(env);
  } catch (error) {
    return [{ name: 'engine', status: 'fail', detail: messageOf(error), remedy }];
  }
  const { description, warning, results } = check;
  const detail = `${description} in each trainer`;
  return [
    warning === undefined
      ? { name: 'engine', status: 'ok', detail }
      : { name: 'engine', status: 'warn', detail: `${detail}. ${warning}`, remedy },
    judge(results),
  ];
}

async function checkEngine(env: NonNullable<DoctorOptions['env']>): Promise<EngineCheck> {
  const setting = env.NSS_ENGINE || undefined;
  if (setting !== undefined && setting !== 'tensorflow' && setting !== 'wasm') {
    throw new Error(`NSS_ENGINE is "${setting}": tensorflow or wasm are understood`);
  }
  const script = fileURLToPath(new URL('./engine-check.ts', import.meta.url));
  const options = { env: trainerEnvironment(env, { NSS_ENGINE: setting }, 1) };
  const { stdout } = await promisify(execFile)(process.execPath, [script], options).catch((error) => {
    const how = error.signal ? `was ended by ${error.signal}` : `exited with code ${error.code}`;
    const why = /^\w*Error\b.*$/m.exec(error.stderr)?.[0];
    throw new Error(`the process that tried the engine ${how}${why === undefined ? '' : `: ${why}`}`);
  });
  return JSON.parse(stdout);
}

function judge(results: readonly SelfTestResult[]): DoctorLine {
  const failed = results.filter(({ passed }) => !passed);
  const largest = Math.max(...results.map(({ largestError }) => largestError));
  if (failed.length === 0) {
    const detail = `${results.length} results and gradients as stored, largest difference ${largest.toExponential(1)}`;
    return { name: 'self-test', status: 'ok', detail };
  }
  return {
    name: 'self-test',
    status: 'fail',
    detail: `wrong: ${failed.map(({ name, largestError }) => `${name} (by ${largestError.toExponential(1)})`).join(', ')}`,
    remedy: 'do not trust results of this machine; NSS_ENGINE=wasm takes the other engine',
  };
}

function processor(): DoctorLine {
  const cores = availableParallelism();
  return {
    name: 'processor',
    status: 'ok',
    detail: `${counted(cores, 'core')}: ${counted(cores, 'trainer')} with 1 thread each`,
  };
}

function memory(): DoctorLine {
  const available = process.availableMemory();
  const detail = `${gibibytes(available)} available`;
  if (available >= wantedMemoryBytes) return { name: 'memory', status: 'ok', detail };
  return {
    name: 'memory',
    status: 'warn',
    detail: `${detail}; a mesh with a trainer a core takes up to ${gibibytes(wantedMemoryBytes)}`,
    remedy: 'start fewer trainers (nss up --trainers 1)',
  };
}

function folder(name: string, path: string, wantedBytes: number, variable: string): DoctorLine {
  mkdirSync(path, { recursive: true });
  if (!statSync(path).isDirectory()) throw new Error(`${path} is not a folder. Set ${variable}.`);
  const { bavail, bsize } = statfsSync(path);
  const detail = `${path}, ${gibibytes(bavail * bsize)} free`;
  if (bavail * bsize >= wantedBytes) return { name, status: 'ok', detail };
  const remedy = `make room for ${gibibytes(wantedBytes)}, or set ${variable} to a folder on another disk`;
  return { name, status: 'warn', detail, remedy };
}

function mesh(stateDir: string): DoctorLine {
  const running = readMesh(stateDir);
  const detail =
    running === undefined ? 'none is running' : `running since ${running.startedAt} (process ${running.pid})`;
  return { name: 'mesh', status: 'ok', detail };
}

function gibibytes(bytes: number): string {
  return `${(bytes / gibibyte).toFixed(1)} GiB`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
