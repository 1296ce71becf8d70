import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MeshAlreadyRunning, type MeshFile, readMesh } from '../src/index.ts';
import { claimStateDir, clearStaleMesh, writeMeshFile } from '../src/mesh-file.ts';
import { identify, type ProcessIdentity } from '../src/process-identity.ts';
import { alive, temporaryFolder, writeText } from './fixture.ts';

const self = identify(process.pid) as ProcessIdentity;

/** This very pid, of a process that started at another time: what a crash and a reused pid leave. */
const dead: ProcessIdentity = { pid: process.pid, startTime: '1' };

function meshFile(owner: ProcessIdentity, processes: ProcessIdentity[] = []): MeshFile {
  return {
    ...owner,
    ready: true,
    detached: true,
    version: '0.1.0',
    startedAt: '2026-01-01T00:00:00.000Z',
    natsUrl: 'nats://127.0.0.1:4222',
    addresses: { spaceController: 'a', flopsEstimator: 'b', evaluator: 'c', nasRunner: 'd', trainers: ['e'] },
    processes: processes.map((each, index) => ({
      ...each,
      name: `service-${index}`,
      startedAt: '2026-01-01T00:00:00.000Z',
      restarts: 0,
      logFile: '/dev/null',
    })),
  };
}

async function sleeper() {
  const child = spawn('/bin/sleep', ['600']);
  await once(child, 'spawn');
  return identify(child.pid as number) as ProcessIdentity;
}

test('a claimed state directory has a mesh, and a second claim is refused with who has it', async (t) => {
  const stateDir = temporaryFolder(t);
  await claimStateDir(stateDir, meshFile(self));
  assert.deepEqual(readMesh(stateDir), meshFile(self));
  await assert.rejects(
    claimStateDir(stateDir, meshFile(self)),
    (error) => error instanceof MeshAlreadyRunning && error.message.includes(`process ${process.pid}`),
  );
  assert.deepEqual(readdirSync(stateDir), ['mesh.json']);
});

test('of many that claim at the same time, one gets it', async (t) => {
  const stateDir = temporaryFolder(t);
  const claims = await Promise.allSettled([1, 2, 3, 4].map(() => claimStateDir(stateDir, meshFile(self))));
  assert.deepEqual(claims.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected', 'rejected']);
});

test('the file of a dead mesh counts as none, and a claim ends what it has left running', async (t) => {
  const stateDir = temporaryFolder(t);
  const orphan = await sleeper();
  await claimStateDir(stateDir, meshFile(self));
  writeMeshFile(stateDir, meshFile(dead, [orphan]));
  assert.equal(readMesh(stateDir), undefined);
  await claimStateDir(stateDir, meshFile(self));
  assert.deepEqual(alive([orphan]), []);
  assert.deepEqual(readMesh(stateDir), meshFile(self));
});

test('clearing signals only processes that are still the ones that were started', async (t) => {
  const stateDir = temporaryFolder(t);
  const bystander = await sleeper();
  t.after(() => process.kill(bystander.pid));
  await claimStateDir(stateDir, meshFile(dead, [{ pid: bystander.pid, startTime: '1' }]));
  assert.equal(await clearStaleMesh(stateDir), true);
  assert.deepEqual(alive([bystander]), [bystander.pid]);
  assert.equal(await clearStaleMesh(stateDir), false);
});

test('the mesh of a living owner is not cleared', async (t) => {
  const stateDir = temporaryFolder(t);
  await claimStateDir(stateDir, meshFile(self));
  assert.equal(await clearStaleMesh(stateDir), false);
  assert.deepEqual(readMesh(stateDir), meshFile(self));
});

for (const [what, text] of [
  ['half-written', '{"pid": 12, "startT'],
  ['of another version', '{"pid": 12}'],
  ['empty', ''],
]) {
  test(`a mesh.json that is ${what} counts as none and is replaced`, async (t) => {
    const stateDir = temporaryFolder(t);
    writeText(join(stateDir, 'mesh.json'), text);
    assert.equal(readMesh(stateDir), undefined);
    await claimStateDir(stateDir, meshFile(self));
    assert.deepEqual(readMesh(stateDir), meshFile(self));
  });
}
