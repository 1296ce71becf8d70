import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntilServing } from '../src/health.ts';
import {
  launchMesh,
  MeshAlreadyRunning,
  MeshLaunchFailed,
  meshStatus,
  readMesh,
  startMesh,
  stopMesh,
} from '../src/index.ts';
import { alive, environmentOf, processOf, standInMesh, until } from './fixture.ts';

const names = ['evaluator', 'flops-estimator', 'nas-runner', 'nats-server', 'space-controller', 'supernet-trainer-1'];

test('a mesh owned by this process serves, restarts what is killed, and leaves nothing when stopped', async (t) => {
  const settings = standInMesh(t);
  const ready: string[] = [];
  const mesh = await startMesh({ ...settings, threadsPerTrainer: 3, onProgress: ({ name }) => ready.push(name) });
  t.after(() => mesh.stop());
  assert.equal(ready[0], 'nats-server');
  assert.deepEqual(ready.sort(), names);

  const file = readMesh(settings.stateDir);
  assert.ok(file?.ready);
  assert.equal(file.detached, false);
  assert.deepEqual(file.addresses, mesh.addresses);

  const controller = environmentOf(file, 'space-controller');
  const trainer = environmentOf(file, 'supernet-trainer-1');
  for (const environment of [controller, trainer]) {
    assert.equal(environment.NSS_NATS_URL, mesh.natsUrl);
    assert.equal(environment.NSS_CACHE_DIR, settings.cacheDir);
    assert.equal(environment.NSS_SPACE_CONTROLLER_ADDRESS, mesh.addresses.spaceController);
    assert.equal(environment.NSS_FLOPS_ESTIMATOR_ADDRESS, mesh.addresses.flopsEstimator);
    assert.equal(environment.NSS_EVALUATOR_ADDRESS, mesh.addresses.evaluator);
    assert.equal(environment.NSS_NAS_RUNNER_ADDRESS, mesh.addresses.nasRunner);
  }
  assert.equal(controller.NSS_LISTEN, mesh.addresses.spaceController);
  assert.equal(controller.MALLOC_TRIM_THRESHOLD_, undefined);
  assert.equal(trainer.NSS_LISTEN, mesh.addresses.trainers[0]);
  assert.equal(trainer.NSS_TRAINER_ID, 'trainer-1');
  for (const variable of [
    'NSS_TRAINER_THREADS',
    'TF_NUM_INTRAOP_THREADS',
    'TF_NUM_INTEROP_THREADS',
    'OMP_NUM_THREADS',
  ]) {
    assert.equal(trainer[variable], '3');
  }
  assert.equal(trainer.MALLOC_TRIM_THRESHOLD_, '17179869184');

  await assert.rejects(startMesh(settings), MeshAlreadyRunning);

  const killed = processOf(file, 'evaluator');
  process.kill(killed.pid, 'SIGKILL');
  const restarted = await until(() => {
    const now = readMesh(settings.stateDir)?.processes.find(({ name }) => name === 'evaluator');
    return now?.restarts === 1 && now;
  });
  assert.notEqual(restarted.pid, killed.pid);
  assert.equal(restarted.address, killed.address);
  await waitUntilServing(mesh.addresses.evaluator, t.signal);

  const last = readMesh(settings.stateDir);
  assert.ok(last);
  await Promise.all([mesh.stop(), mesh.stop()]);
  assert.deepEqual(alive(last.processes), []);
  assert.equal(readMesh(settings.stateDir), undefined);
});

test('a launched mesh outlives whoever launched it, can be looked at, and stopped', async (t) => {
  const settings = standInMesh(t);
  const mesh = await launchMesh(settings);
  assert.notEqual(mesh.pid, process.pid);
  assert.equal(mesh.detached, true);
  await assert.rejects(launchMesh(settings), MeshAlreadyRunning);

  const status = await meshStatus(settings.stateDir);
  assert.deepEqual(status?.processes.map(({ name }) => name).sort(), [...names, 'supervisor'].sort());
  for (const { name, alive, serving, memoryBytes, restarts } of status.processes) {
    assert.equal(alive, true);
    assert.equal(serving, name === 'supervisor' || name === 'nats-server' ? undefined : true, name);
    assert.ok(memoryBytes === undefined || memoryBytes > 1_000_000);
    assert.equal(restarts, 0);
  }

  assert.equal(await stopMesh(settings.stateDir), true);
  assert.deepEqual(alive([mesh, ...mesh.processes]), []);
  assert.equal(await meshStatus(settings.stateDir), undefined);
  assert.equal(await stopMesh(settings.stateDir), false);
});

test('what a killed supervisor leaves behind is found and ended', async (t) => {
  const settings = standInMesh(t);
  const mesh = await launchMesh(settings);
  process.kill(mesh.pid, 'SIGKILL');
  await until(() => alive([mesh]).length === 0);
  assert.equal(readMesh(settings.stateDir), undefined);
  assert.equal(alive(mesh.processes).length, names.length);
  assert.equal(await stopMesh(settings.stateDir), true);
  assert.deepEqual(alive(mesh.processes), []);
});

test('a service that fails at start-up fails the launch with the end of its log, and nothing is left', async (t) => {
  const main = 'console.error("NSS_NATS_URL: expected a URL"); process.exit(1);';
  const settings = standInMesh(t, { service: 'nas-runner', main });
  await assert.rejects(launchMesh(settings), (error) => {
    assert.ok(error instanceof MeshLaunchFailed);
    assert.match(error.message, /nas-runner exited with code 1 while the mesh was starting/);
    assert.match(error.message, /NSS_NATS_URL: expected a URL/);
    return true;
  });
  assert.equal(readMesh(settings.stateDir), undefined);
  assert.equal(await stopMesh(settings.stateDir), false);
});

test('a service that never serves is named when the time is over', async (t) => {
  const settings = standInMesh(t, { service: 'evaluator', main: 'setInterval(() => {}, 1000);' });
  const starting = startMesh({ ...settings, startTimeoutMs: 2_500, stopGraceMs: 100 });
  await assert.rejects(starting, /still not ready: (.*, )?evaluator/);
  assert.equal(readMesh(settings.stateDir), undefined);
});

test('a start that is given up leaves nothing', async (t) => {
  const settings = standInMesh(t, { service: 'evaluator', main: 'setInterval(() => {}, 1000);' });
  const giveUp = new AbortController();
  let file = readMesh(settings.stateDir);
  const starting = startMesh({
    ...settings,
    signal: giveUp.signal,
    onProgress: () => {
      file = readMesh(settings.stateDir);
      giveUp.abort();
    },
  });
  await assert.rejects(starting, { name: 'AbortError' });
  assert.ok(file && file.processes.length > 0);
  assert.deepEqual(alive(file.processes), []);
});
