import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Bus, CHECKPOINTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { presetOf } from '@nss/campaign';
import { JobState, type LocalSgd, SuperNetwork, SuperNetworkServiceService, SuperNetworkSpec } from '@nss/contracts';
import { writeSyntheticMirror } from '@nss/datasets/testing';
import { type Client, connect, NssError } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { freeAddresses, type MeshEnvironment, type ServiceProcess, startService } from './mesh-processes.ts';
import { startAnalyticTrainer } from './simulation/analytic-trainer.ts';

/*
 * One super network on several trainers: the evaluator as a process on a real NATS server, first with trainers that compute formulas, then
 * with real ones.
 */

const logger = createLogger('test', { level: 'silent' });
const preset = presetOf('tiny');
const LATE = 'late';
let folder: string;
let nats: TestNatsServer;
let bus: Bus;
let env: MeshEnvironment;
let evaluator: ServiceProcess;
let superNetworks: Client<typeof SuperNetworkServiceService>;
const trainers = new Map<string, ServiceProcess>();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-local-sgd-'));
  await writeSyntheticMirror(folder, { trainImages: 256, testImages: 128 });
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  const [address] = await freeAddresses(1);
  env = {
    NSS_NATS_URL: nats.url,
    // The jobs of a service that was killed go on this soon.
    NSS_ACK_WAIT_SECONDS: '1',
    NSS_CACHE_DIR: join(folder, 'cache'),
    NSS_DATASET_MIRROR: folder,
    NSS_TRAINER_THREADS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
  };
  evaluator = await startService('evaluator', address, env);
  superNetworks = connect(SuperNetworkServiceService, address);
});

after(async () => {
  superNetworks?.close();
  const codes = await Promise.all([evaluator, ...trainers.values()].map((service) => service?.stop()));
  await bus?.close();
  await nats?.stop();
  await rm(folder, { recursive: true });
  assert.ok(codes.every((code) => code === 0));
});

async function startTrainer(id: string): Promise<void> {
  const [address] = await freeAddresses(1);
  trainers.set(id, await startService('supernet-trainer', address, { ...env, NSS_TRAINER_ID: id }));
}

async function killTrainer(id: string): Promise<void> {
  await trainers.get(id)?.kill();
  trainers.delete(id);
}

async function create(superNetworkId: string, epochs: number, localSgd?: LocalSgd): Promise<void> {
  const { dataset, searchSpace, evaluation } = preset;
  const spec = SuperNetworkSpec.create({
    dataset: { name: 'cifar10', ...dataset },
    searchSpace,
    weights: { ...evaluation.weights, epochs, localSgd },
    seed: 5,
  });
  await superNetworks.createSuperNetwork({
    superNetworkId,
    superNetwork: SuperNetwork.create({ spec }),
    requestId: superNetworkId,
  });
}

/** Watches a job to its end; `onChange` sees every change on the way. */
async function ended(id: string, onChange: (job: SuperNetwork) => Promise<void> = async () => {}) {
  const name = `superNetworks/${id}`;
  let last: SuperNetwork | undefined;
  let seen = 0;
  while (!last?.status?.endTime) {
    try {
      for await (const { change, superNetwork } of superNetworks.watchSuperNetwork({ name, afterChange: seen })) {
        seen = change;
        last = superNetwork;
        if (superNetwork && !superNetwork.status?.endTime) await onChange(superNetwork);
      }
    } catch (error) {
      // The evaluator is being killed.
      if (!NssError.from(error).retryable) throw error;
    }
  }
  assert.equal(last.status?.error, undefined);
  assert.equal(last.status?.state, JobState.SUCCEEDED);
  const { status } = last;
  assert.ok(status?.trainerUses.every(({ endTime }) => endTime));
  return { digest: last.checkpoint?.digest, id: last.checkpoint?.checkpointId, uses: status?.trainerUses ?? [] };
}

/** Names of the weights that a job has left. */
const weightsOf = async (id: string) =>
  (await (await openObjects(bus, CHECKPOINTS)).list(`superNetworks/${id}/`)).map(({ name }) => name);

/** What `once` does is done at the first change that the job has come so far. */
const at = (completed: number, once: () => Promise<void>) => {
  let done = false;
  return async ({ status }: SuperNetwork) => {
    if (done || (status?.progress?.completed ?? 0) < completed) return;
    done = true;
    await once();
  };
};

test('a round goes on without a trainer that is late, and what that stores is not kept', async () => {
  const punctual = await startAnalyticTrainer(bus, 'punctual', logger);
  const late = await startAnalyticTrainer(bus, LATE, logger);
  const shares: number[] = [];
  punctual.before = (command) => {
    if (command.$case === 'average') shares.push(command.value.shares.length);
  };
  const holding = Promise.withResolvers<void>();
  let lateSaves = 0;
  late.before = async (command) => {
    if (command.$case === 'save') lateSaves++;
    if (command.$case !== 'weightSteps') return;
    holding.resolve();
    await new Promise(() => {});
  };
  // The first round cannot close before the late trainer has its part.
  const steps = punctual.before;
  punctual.before = async (command) => {
    if (command.$case === 'weightSteps') await holding.promise;
    await steps(command);
  };
  await create('late', 2, { trainers: 2, stepsPerRound: 2, quorum: 1 });
  const { id } = await ended('late');
  await Promise.all([punctual.close(), late.close()]);
  assert.equal(shares.length, 4);
  assert.equal(shares[0], 1);
  assert.ok(lateSaves <= 1, 'at most the weights that all begin with');
  assert.deepEqual(await weightsOf('late'), [id]);
});

const EPOCHS = 40;
const localSgd: LocalSgd = { trainers: 3, stepsPerRound: 5, quorum: 3 };
let undisturbed: Awaited<ReturnType<typeof ended>>;

test('with one shard real trainers compute what plain training does, bit for bit', async () => {
  await Promise.all([startTrainer('a'), startTrainer('b')]);
  await create('plain', 2);
  await create('one', 2, { trainers: 1, stepsPerRound: 5, quorum: 1 });
  const [plain, one] = await Promise.all([ended('plain'), ended('one')]);
  assert.ok(plain.digest);
  assert.equal(one.digest, plain.digest);
  assert.deepEqual(await weightsOf('one'), [one.id]);
});

test('several trainers share the rounds, and leave one checkpoint', async () => {
  await create('undisturbed', EPOCHS, localSgd);
  undisturbed = await ended('undisturbed');
  assert.deepEqual(new Set(undisturbed.uses.map(({ trainer }) => trainer)), new Set(['a', 'b']));
  assert.deepEqual(await weightsOf('undisturbed'), [undisturbed.id]);
});

test('a trainer that is killed leaves its part to another one, and nothing changes', async () => {
  await create('killed-trainer', EPOCHS, localSgd);
  let left = -1;
  const { digest, id, uses } = await ended(
    'killed-trainer',
    at(1, async () => {
      await killTrainer('b');
      left = trainers.size;
    }),
  );
  assert.equal(left, 1);
  assert.equal(digest, undisturbed.digest);
  assert.ok(uses.some(({ trainer }) => trainer === 'a'));
  assert.deepEqual(await weightsOf('killed-trainer'), [id]);
});

test('an evaluator that is killed goes on with the round that it was in, and nothing changes', async () => {
  await startTrainer('b');
  await create('killed-evaluator', EPOCHS, localSgd);
  let killed = false;
  const { digest, id, uses } = await ended(
    'killed-evaluator',
    at(1, async () => {
      await evaluator.kill();
      killed = true;
      evaluator = await startService('evaluator', evaluator.address, env);
    }),
  );
  assert.ok(killed);
  assert.equal(digest, undisturbed.digest);
  assert.ok(uses.length > 2, 'trainers were leased again');
  assert.deepEqual(await weightsOf('killed-evaluator'), [id]);
});
