import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { type Bus, connectBus, ensureTopology } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { fromSearchSpace, type OpenSession, WeightTraining } from '@nss/contracts';
import { writeSyntheticMirror } from '@nss/datasets/testing';
import { createLogger } from '@nss/runtime';
import type { Checkpoint } from '@nss/search';
import { parseArchitecture } from '@nss/space';
import { TrainerLost, withTrainer, withTrainerRetry } from '@nss/trainers';

const logger = createLogger('test', { level: 'silent' });
const stage = { stride: 1, depth: { min: 1, max: 2 }, width: { min: 1, max: 4 }, depthBinSize: 1, widthBinSize: 4 };
const open: Omit<OpenSession, 'leaseId'> = {
  dataset: { name: 'cifar10', folder: undefined, imageSize: 16, trainImages: 64, testImages: 32 },
  searchSpace: fromSearchSpace({ stemWidth: 4, stages: [stage] }),
  weights: WeightTraining.create({
    epochs: 1,
    batchSize: 16,
    sgd: { learningRate: 0.1, momentum: 0.9, gradientClip: 5 },
    augmentation: { padding: 2, flip: true },
  }),
  seed: 0,
};
const mixture = [{ depths: [1, 2], depthWeights: [0.5, 0.5], widths: [3], widthWeights: [1] }];
const steps = [0, 1].map((iteration) => ({ iteration, architecture: parseArchitecture('2x4'), learningRate: 0.1 }));

let folder: string;
let nats: TestNatsServer;
let bus: Bus;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-hang-'));
  await writeSyntheticMirror(folder, { trainImages: 64, testImages: 32 });
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
});

after(async () => {
  await bus.close();
  await nats.stop();
  await rm(folder, { recursive: true });
});

/** A trainer; with `blocked-thread.ts` in it, its computing thread hangs at the first theta step. */
function startTrainer(env: Record<string, string> = {}) {
  const trainer = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: {
      ...process.env,
      NSS_INSECURE: 'loopback',
      NSS_NATS_URL: nats.url,
      NSS_CACHE_DIR: join(folder, 'cache'),
      NSS_DATASET_MIRROR: folder,
      NSS_LOG_LEVEL: 'fatal',
      TF_CPP_MIN_LOG_LEVEL: '2',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log: string[] = [];
  const lines = createInterface(trainer.stderr).on('line', (line) => log.push(line));
  const hangs = once(lines, 'hangs');
  lines.on('line', (line) => line === 'hangs' && lines.emit(line));
  return { trainer, hangs, log, exited: Promise.all([once(trainer, 'exit'), once(lines, 'close')]) };
}

const importing = (file: string) => ({
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${new URL(file, import.meta.url)}`,
});
const blocking = () => ({ ...importing('blocked-thread.ts'), BLOCKING_PIPE: join(folder, 'pipe') });

test('a trainer whose computing thread hangs says so and ends, and the work goes on with another one from the checkpoint', async (t) => {
  const hanging = startTrainer({ ...blocking(), NSS_TRAINER_ID: 'hanging', NSS_COMMAND_TIMEOUT_SECONDS: '10' });
  const needs = { bus, job: 'searches/test', open, signal: AbortSignal.timeout(300_000), logger };
  const trainers: string[] = [];
  let saved: Checkpoint | undefined;
  const next = hanging.exited.then(() => startTrainer({ NSS_TRAINER_ID: 'next' }));
  t.after(async () => {
    const { trainer, exited } = await next;
    // Not SIGKILL: the queue would think for a while that it takes the next lease.
    trainer.kill('SIGTERM');
    await exited;
  });

  const { loss } = await withTrainerRetry(needs, async (session) => {
    trainers.push(session.info.trainerId);
    if (saved) await session.load(saved);
    else await session.weightSteps('all', steps);
    saved ??= await session.save('searches/test/2');
    return session.thetaStep(2, mixture);
  });

  assert.ok(loss > 0);
  assert.deepEqual(trainers, ['hanging', 'next']);
  assert.deepEqual((await hanging.exited)[0], [null, 'SIGKILL']);
  assert.match(hanging.log.join('\n'), /the computing thread hangs: thetaStep has said nothing for 10 s/);
});

test('a trainer that is asked to leave while its computing thread hangs leaves', async () => {
  const { trainer, exited, hangs } = startTrainer({ ...blocking(), NSS_SHUTDOWN_GRACE_MS: '100' });
  hangs.then(() => trainer.kill('SIGTERM'));
  const needs = { bus, job: 'searches/test', open, signal: AbortSignal.timeout(300_000), logger };
  await assert.rejects(
    withTrainer(needs, (session) => session.thetaStep(0, mixture)),
    TrainerLost,
  );
  assert.deepEqual((await exited)[0], [null, 'SIGKILL']);
});

test('a trainer whose thread for batches dies says of what, and ends', async () => {
  const { exited, log } = startTrainer(importing('dying-feed.ts'));
  const needs = { bus, job: 'searches/test', open, signal: AbortSignal.timeout(300_000), logger };
  await assert.rejects(
    withTrainer(needs, async (session) => {
      for (;;) await session.weightSteps('all', steps);
    }),
    TrainerLost,
  );
  assert.deepEqual((await exited)[0], [1, null]);
  assert.match(log.join('\n'), /the computing thread is lost/);
  assert.match(log.join('\n'), /the thread that makes batches died: no room for a batch/);
});
