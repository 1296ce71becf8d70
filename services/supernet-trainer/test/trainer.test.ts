import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ARTIFACTS, type Bus, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { fromSearchSpace, type OpenSession, WeightTraining } from '@nss/contracts';
import { writeSyntheticMirror } from '@nss/datasets/testing';
import { readTrainedNetwork } from '@nss/exports';
import { NssError } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { parseArchitecture, type SearchSpace } from '@nss/space';
import { TrainerLost, type TrainerSession, withTrainer } from '@nss/trainers';

const logger = createLogger('test', { level: 'silent' });
const main = new URL('../src/main.ts', import.meta.url).pathname;
const stage = { stride: 1, depth: { min: 1, max: 2 }, width: { min: 1, max: 4 }, depthBinSize: 1, widthBinSize: 4 };
const space: SearchSpace = { stemWidth: 4, stages: [stage] };
const open: Omit<OpenSession, 'leaseId'> = {
  dataset: { name: 'cifar10', folder: undefined, imageSize: 16, trainImages: 64, testImages: 32 },
  searchSpace: fromSearchSpace(space),
  weights: WeightTraining.create({
    epochs: 1,
    batchSize: 16,
    sgd: { learningRate: 0.1, momentum: 0.9, gradientClip: 5 },
    augmentation: { padding: 2, flip: true },
  }),
  seed: 0,
};
const architecture = parseArchitecture('2x4');

let folder: string;
let nats: TestNatsServer;
let bus: Bus;
let trainer: ChildProcess;

function startTrainer(env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [main], {
    env: {
      ...process.env,
      NSS_INSECURE: 'loopback',
      NSS_NATS_URL: nats.url,
      NSS_CACHE_DIR: join(folder, 'cache'),
      NSS_DATASET_MIRROR: folder,
      NSS_TRAINER_ID: 'trainer-under-test',
      NSS_LOG_LEVEL: 'warn',
      TF_CPP_MIN_LOG_LEVEL: '2',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

const drive = <T>(
  use: (session: TrainerSession) => Promise<T>,
  needs: Omit<OpenSession, 'leaseId'> = open,
  job = 'searches/test',
) => withTrainer({ bus, job, open: needs, signal: AbortSignal.timeout(60_000), logger }, use);
const steps = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ iteration: from + i, architecture, learningRate: 0.1 }));
const refused = (field: string) => (error: unknown) =>
  error instanceof NssError && error.fieldViolations.some((violation) => violation.field.startsWith(field));

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-trainer-'));
  await writeSyntheticMirror(folder, { trainImages: 64, testImages: 32 });
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  trainer = startTrainer();
});

after(async () => {
  trainer.kill('SIGKILL');
  await bus.close();
  await nats.stop();
  await rm(folder, { recursive: true });
});

test('a holder leases the trainer, drives it, and another goes on from its checkpoint', async () => {
  const first = await drive(async (session) => {
    assert.equal(session.info.trainerId, 'trainer-under-test');
    await session.weightSteps('all', steps(0, 3));
    const checkpoint = await session.save('searches/test/3');
    assert.match(checkpoint.digest, /^SHA-256=/);
    return { checkpoint, losses: await session.weightSteps('all', steps(3, 5)), busy: session.busySeconds() };
  });
  assert.ok(first.busy > 0);
  const second = await drive(async (session) => {
    await session.load(first.checkpoint);
    return session.weightSteps('all', steps(3, 5));
  });
  assert.deepEqual(second, first.losses);
  await drive(async (session) => {
    const { errorsPercent, losses } = await session.evaluate([architecture, parseArchitecture('1x1')], 32);
    assert.ok(errorsPercent.every((error) => error >= 0 && error <= 100) && losses.every((loss) => loss > 0));
    const mixture = [{ depths: [1, 2], depthWeights: [0.5, 0.5], widths: [3], widthWeights: [1] }];
    const { gradients } = await session.thetaStep(0, mixture);
    assert.equal(gradients[0].depthWeights.length, 2);
    const [small, same] = await session.taskLosses(0, [parseArchitecture('1x1'), parseArchitecture('1x1')]);
    assert.ok(small > 0 && small === same);
  });
});

test('a trainer takes the mean of what others have stored, and trains on from it', async () => {
  const shares = await drive(async (session) => {
    await session.weightSteps('all', steps(0, 2));
    const base = await session.save('searches/test/mean-0');
    const shard = async (first: number, samples: number) => {
      await session.load(base);
      await session.weightSteps('all', steps(first, first + 1));
      return { checkpoint: await session.save(`searches/test/mean-${first}`), samples };
    };
    return [await shard(2, 32), await shard(3, 16)];
  });
  const digestOf = (averaged: typeof shares) =>
    drive(async (session) => {
      await session.average(averaged);
      return (await session.save('searches/test/mean-mean')).digest;
    });
  const [one, other] = shares;
  assert.equal(await digestOf([one]), one.checkpoint.digest);
  assert.equal(await digestOf(shares), await digestOf([one, one, other].map((share) => ({ ...share, samples: 16 }))));
  assert.notEqual(await digestOf(shares), await digestOf([one, { ...other, samples: 32 }]));
  await drive(async (session) => {
    await session.average([one, other]);
    // Sums of one command are not those of the next.
    await session.average([other]);
    assert.equal((await session.save('searches/test/mean-again')).digest, other.checkpoint.digest);
  });
  await assert.rejects(
    drive((session) => session.average([])),
    refused('average.shares'),
  );
  await assert.rejects(
    drive((session) => session.average([one, { ...other, samples: 0 }])),
    refused('average.shares[1].samples'),
  );
  const lost = { checkpoint: { checkpointId: 'searches/test/mean-none', digest: '', bytes: 0 }, samples: 1 };
  await assert.rejects(
    drive((session) => session.average([one, lost])),
    /searches\/test\/mean-none is not in the store/,
  );
});

test('an exported network is an artifact with the weights, the statistics and the normalisation', async () => {
  const artifact = 'searches/test/network.safetensors';
  await drive(async (session) => {
    await session.weightSteps('all', steps(0, 2));
    await session.exportNetwork(artifact, parseArchitecture('1x3'), 32);
  });
  const artifacts = await openObjects(bus, ARTIFACTS);
  const network = readTrainedNetwork((await artifacts.get(artifact)) ?? new Uint8Array(0));
  assert.deepEqual(network.architecture, parseArchitecture('1x3'));
  assert.deepEqual(network.input, { height: 16, width: 16, channels: 3, classes: 10 });
  assert.deepEqual([network.stemWidth, network.strides, network.calibrationImages], [4, [1], 32]);
  assert.deepEqual(network.tensors.get('stage1.block1.conv2')?.shape, [3, 3, 3, 3]);
  assert.ok(network.tensors.get('stage1.block1.projection.bn.variance')?.data.every((variance) => variance > 0));
  assert.ok(network.normalisation.std.every((deviation) => deviation > 0 && deviation < 1));
  for (const [name, field] of [
    ['network.safetensors', 'export.artifact'],
    ['searches/test/../other', 'export.artifact'],
    ['searches/other/network.safetensors', 'export.artifact'],
  ]) {
    await assert.rejects(
      drive((session) => session.exportNetwork(name, architecture, 32)),
      refused(field),
    );
  }
  await assert.rejects(
    drive((session) => session.exportNetwork(artifact, parseArchitecture('3x4'), 1)),
    (error) => refused('export.architecture')(error) && refused('export.calibration_images')(error),
  );
});

test('a session writes objects of its own job, and reads those of its tenant', async () => {
  const saving = (id: string) => async (session: TrainerSession) => session.save(id);
  const theirs = await drive(saving('warmups/acme=w/0-a'), open, 'warmups/acme=w');
  await drive((session) => session.load(theirs), open, 'searches/acme=s');
  for (const id of [
    'warmups/acme=w/0-a',
    'searches/s/0',
    'searches/acme=s',
    'searches/acme=s/',
    'searches/acme=s/../s/0',
  ]) {
    await assert.rejects(drive(saving(id), open, 'searches/acme=s'), refused('save.checkpoint_id'));
  }
  for (const job of ['searches/s', 'searches/other=s']) {
    await assert.rejects(
      drive((session) => session.load(theirs), open, job),
      refused('load.checkpoint.checkpoint_id'),
    );
    await assert.rejects(
      drive((session) => session.average([{ checkpoint: theirs, samples: 1 }]), open, job),
      refused('average.shares[0].checkpoint.checkpoint_id'),
    );
  }
});

test('what a trainer cannot do is a typed error that names the field, and the trainer goes on', async () => {
  await assert.rejects(
    drive((session) => session.evaluate([parseArchitecture('3x4')], 1)),
    (error) => refused('evaluate.architectures[0]')(error) && refused('evaluate.calibration_images')(error),
  );
  await assert.rejects(
    drive((session) => session.taskLosses(0, [parseArchitecture('3x4')])),
    refused('task_losses.architectures[0]'),
  );
  await assert.rejects(
    drive((session) => session.thetaStep(0, [{ depths: [1], depthWeights: [], widths: [9], widthWeights: [1] }])),
    refused('theta_step.stages[0]'),
  );
  await assert.rejects(
    drive((session) => session.weightSteps('all', steps(-1, 1))),
    refused('weight_steps.steps[0].iteration'),
  );
  await assert.rejects(
    drive((session) => session.taskLosses(-1, [architecture])),
    refused('task_losses.iteration'),
  );
  await assert.rejects(
    drive((session) => session.save('../outside')),
    refused('save.checkpoint_id'),
  );
  const unknown = { checkpointId: 'searches/none/1', digest: '', bytes: 0 };
  await assert.rejects(
    drive((session) => session.load(unknown)),
    /searches\/none\/1 is not in the store/,
  );
  const imagenet = {
    ...open,
    dataset: { name: 'imagenet', folder: undefined, imageSize: 16, trainImages: 0, testImages: 0 },
  };
  await assert.rejects(
    drive(async () => {}, imagenet),
    refused('open.dataset.name'),
  );
  const tooMany = {
    ...open,
    dataset: { name: 'cifar10', folder: undefined, imageSize: 16, trainImages: 9999, testImages: 0 },
  };
  await assert.rejects(
    drive(async () => {}, tooMany),
    (error) => error instanceof NssError && error.reason === 'DATASET_TOO_FEW_IMAGES',
  );
  const hasReason = (reason: string) => (error: unknown) => error instanceof NssError && error.reason === reason;
  for (const batchSize of [33, 2 ** 31 - 1]) {
    const half = { ...open, weights: WeightTraining.create({ ...open.weights, batchSize }) };
    await assert.rejects(
      drive((session) => session.weightSteps('weights', steps(0, 1)), half),
      hasReason('DATASET_TOO_FEW_IMAGES'),
    );
  }
  const huge = { ...stage, depth: { min: 1, max: 64 }, width: { min: 1, max: 4096 } };
  await assert.rejects(
    drive(async () => {}, { ...open, searchSpace: fromSearchSpace({ stemWidth: 4, stages: Array(8).fill(huge) }) }),
    hasReason('NETWORK_TOO_LARGE'),
  );
  assert.equal((await drive((session) => session.weightSteps('all', steps(0, 1)))).length, 1);
});

test('a trainer that is killed is lost to its holder, and the next one takes the work', async () => {
  await assert.rejects(
    drive(async (session) => {
      await session.weightSteps('all', steps(0, 1));
      trainer.kill('SIGKILL');
      await session.weightSteps('all', steps(1, 2));
    }),
    (error) => error instanceof TrainerLost,
  );
  trainer = startTrainer();
  assert.equal((await drive((session) => session.weightSteps('all', steps(0, 1)))).length, 1);
});

test('SIGTERM ends an idle trainer with 0', async () => {
  const exit = once(trainer, 'exit');
  trainer.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});

test('a wrong configuration ends it with 1', async () => {
  const wrong = startTrainer({ NSS_TRAINER_THREADS: 'many', NSS_ENGINE: 'abacus' });
  assert.deepEqual(await once(wrong, 'exit'), [1, null]);
});

test('a trainer that finds no work for the set time leaves with exit code 0', async () => {
  // Nothing was computed: the engine, too, must bear to be left at once.
  const idle = startTrainer({ NSS_TRAINER_ID: 'idle-trainer', NSS_EXIT_AFTER_IDLE_SECONDS: '1' });
  assert.deepEqual(await once(idle, 'exit'), [0, null]);
});
