import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type MeshFile, type MeshSettings, stopMesh } from '../src/index.ts';
import { isAlive, type ProcessIdentity } from '../src/process-identity.ts';

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nss-launcher-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeText(path: string, text: string, mode = 0o644): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
  return path;
}

const serviceNames = ['space-controller', 'flops-estimator', 'evaluator', 'nas-runner', 'supernet-trainer'];

/** Settings of a mesh whose services are stand-ins that serve nothing but health, and log their environment. */
export function standInMesh(t: TestContext, broken?: { service: string; main: string }) {
  const root = temporaryFolder(t);
  const standIn = fileURLToPath(new URL('./stand-in-service.ts', import.meta.url));
  for (const name of serviceNames) {
    const main = broken?.service === name ? broken.main : `import ${JSON.stringify(standIn)};\n`;
    writeText(join(root, 'services', name, 'src/main.ts'), main);
  }
  const stateDir = join(root, 'state');
  t.after(() => stopMesh(stateDir, 2_000));
  return {
    stateDir,
    servicesDir: join(root, 'services'),
    cacheDir: join(root, 'cache'),
    trainers: 1,
    restartPolicy: { firstMs: 1, maxMs: 4, recoveredAfterMs: 60_000 },
  } satisfies MeshSettings;
}

export function processOf(mesh: MeshFile, name: string): MeshFile['processes'][number] {
  const found = mesh.processes.find((each) => each.name === name);
  assert.ok(found, `${name} is not in mesh.json`);
  return found;
}

/** What a stand-in service was given. */
export function environmentOf(mesh: MeshFile, name: string): Record<string, string | undefined> {
  const log = readFileSync(processOf(mesh, name).logFile, 'utf8');
  const line = log.split('\n').find((each) => each.startsWith('environment: '));
  return JSON.parse(line?.slice('environment: '.length) ?? '{}');
}

/** Looks again and again until the condition holds; the runner's time limit ends a test in which it never does. */
export async function until<T>(condition: () => T | undefined | false): Promise<T> {
  for (;;) {
    const value = condition();
    if (value) return value;
    await delay(5);
  }
}

export function alive(identities: readonly ProcessIdentity[]): number[] {
  return identities.filter(isAlive).map(({ pid }) => pid);
}
