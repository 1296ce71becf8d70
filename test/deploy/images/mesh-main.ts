import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSyntheticMirror } from '@nss/datasets/testing';
import { waitUntilServing } from '@nss/launcher';
import { runCampaign } from './campaign.ts';
import { podmanIn } from './podman.ts';
import { step } from './steps.ts';

/*
 * Runs deploy/compose.yaml with two trainers and made-up images, where main.ts has made room for it: mesh-main.ts FOLDER VERSION.
 */

const SERVED_WITHIN_MS = 180_000;
const [, , folder, version] = process.argv;
const run = await podmanIn(folder);
const work = await mkdtemp(join(tmpdir(), 'nss-compose-'));
const file = join(import.meta.dirname, '../../../deploy/compose.yaml');
const podman = async (...args: string[]) => (await run('podman', args)).trim();

try {
  // A run that was cut off has left its own.
  await clear();
  await step('compose up, with two trainers', start);
  for (const container of await ours()) await step(`${container} serves`, () => untilServing(container, 7000));
  for (const container of await ours()) {
    if (container.includes('trainer')) await step(`${container} has TensorFlow`, () => engineOf(container));
  }
  await step('a campaign of every phase', () => runCampaign('127.0.0.1:7000'));
  await step('the platform-adapter serves', startPlatformAdapter);
  for (const container of await ours()) await step(`${container} ends`, () => stop(container));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  for (const container of await containers()) console.error(`${container}:\n${await logsOf(container)}`);
  process.exitCode = 1;
} finally {
  await clear();
  await rm(work, { recursive: true, force: true });
}

async function clear(): Promise<void> {
  await podman('rm', '--all', '--force');
  await podman('volume', 'rm', '--all', '--force');
  await podman('network', 'prune', '--force');
}

async function start(): Promise<string> {
  const mirror = join(work, 'mirror');
  await mkdir(mirror, { mode: 0o755 });
  await writeSyntheticMirror(mirror);
  const trainer = {
    deploy: { replicas: 2 },
    environment: { NSS_DATASET_MIRROR: '/mirror' },
    volumes: [`${mirror}:/mirror:ro`],
  };
  const more = join(work, 'compose.yaml');
  await writeFile(more, JSON.stringify({ services: { 'supernet-trainer': trainer } }));
  await run('podman-compose', ['-p', 'nss', '-f', file, '-f', more, 'up', '--detach', '--no-build']);
  return `${(await containers()).length} containers`;
}

async function containers(): Promise<string[]> {
  return (await podman('ps', '--all', '--format', '{{.Names}}')).split('\n').filter(Boolean).sort();
}

/** Containers with images of this project. */
async function ours(): Promise<string[]> {
  return (await containers()).filter((container) => !container.includes('_nats_'));
}

/** What it said last, most of it on standard error. */
function logsOf(container: string): Promise<string> {
  return run('sh', ['-c', 'podman logs --tail 200 "$0" 2>&1', container]);
}

async function untilServing(container: string, port: number): Promise<string> {
  const networks = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const address = `${await podman('inspect', '--format', networks, container)}:${port}`;
  await waitUntilServing(address, AbortSignal.timeout(SERVED_WITHIN_MS));
  return address;
}

async function engineOf(trainer: string): Promise<string> {
  const engine = /"engine":"(TensorFlow \d[^"]*)"/.exec(await logsOf(trainer))?.[1];
  if (engine === undefined) throw new Error(`${trainer} does not compute with TensorFlow`);
  return engine;
}

/** With what Katib gives its containers: nothing. */
async function startPlatformAdapter(): Promise<string> {
  const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
  const place = ['--name', 'platform-adapter', '--network', 'nss_default'];
  await podman('run', '--detach', ...hardened, ...place, `nss-platform-adapter:${version}`);
  return untilServing('platform-adapter', 6788);
}

async function stop(container: string): Promise<string> {
  const starts = Number(await podman('inspect', '--format', '{{.RestartCount}}', container));
  await podman('stop', '--time', '30', container);
  const code = Number(await podman('inspect', '--format', '{{.State.ExitCode}}', container));
  if (code !== 0 || starts !== 0) throw new Error(`${container} ended with code ${code}, after ${starts} restarts`);
  return 'exit code 0, never restarted';
}
