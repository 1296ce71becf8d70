import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Bus, connectBus, ensureTopology, openObjects, openStore, TEXT } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { JobState, Training, TrainingSpec } from '@nss/contracts';
import { NssError, parseStoredId, parseStoredName, storedId, storedName } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import fc from 'fast-check';
import { type Jobs, openJobs, runJobs, TRAININGS, tenantOf } from '../src/index.ts';

const logger = createLogger('test', { level: 'silent' });
let nats: TestNatsServer;
let bus: Bus;
let jobs: Jobs<Training>;

before(async () => {
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  jobs = await openJobs(bus, TRAININGS, { ackWaitMs: 1_000 });
});

after(async () => {
  await bus.close();
  await nats.stop();
});

const training = (seed: number): Training => Training.fromPartial({ spec: TrainingSpec.fromPartial({ seed }) });
const code = (expected: string) => (error: unknown) => error instanceof NssError && error.codeName === expected;
const noSignal = new AbortController().signal;

async function changesOf(of: Jobs<Training>, name: string): Promise<Training[]> {
  const changes: Training[] = [];
  for await (const { resource } of of.watch(name, 0, noSignal)) changes.push(resource);
  return changes;
}

test('two tenants have a job of one name and one request, and each sees its own', async () => {
  const [acme, umbrella] = [jobs.of('acme'), jobs.of('umbrella')];
  for (const [of, seed] of [
    [acme, 1],
    [umbrella, 2],
  ] as const) {
    const created = await of.create({ id: 'mine', requestId: 'same', resource: training(seed) });
    assert.equal(created.name, 'trainings/mine');
    assert.equal((await of.create({ id: 'mine', requestId: 'same', resource: training(seed) })).spec?.seed, seed);
  }
  assert.equal((await acme.get('trainings/mine')).spec?.seed, 1);
  assert.equal((await umbrella.get('trainings/mine')).spec?.seed, 2);
  assert.deepEqual(
    (await acme.list()).resources.map((job) => [job.name, tenantOf(job)]),
    [['trainings/mine', 'acme']],
  );
  await assert.rejects(jobs.get('trainings/mine'), code('NOT_FOUND'));
  assert.deepEqual((await jobs.list()).resources, []);

  await umbrella.cancel('trainings/mine');
  await umbrella.delete('trainings/mine');
  assert.equal((await acme.get('trainings/mine')).status?.state, JobState.PENDING);
  await acme.cancel('trainings/mine');
  await acme.delete('trainings/mine');
});

test('no name reaches the job of another tenant', async () => {
  await jobs.of('acme').create({ id: 'secret', resource: training(3) });
  const names = ['trainings/secret', 'trainings/acme=secret', 'trainings/acme.secret', 'trainings/*', 'trainings/>'];
  for (const stranger of [jobs, jobs.of('umbrella'), jobs.of('acm')]) {
    for (const name of names) {
      for (const attempt of [
        stranger.get,
        stranger.cancel,
        stranger.delete,
        (each: string) => changesOf(stranger, each),
      ]) {
        await assert.rejects(
          attempt(name),
          (error) => code('NOT_FOUND')(error) || code('INVALID_ARGUMENT')(error),
          name,
        );
      }
    }
  }
  assert.equal((await jobs.of('acme').get('trainings/secret')).status?.state, JobState.PENDING);
  await jobs.of('acme').cancel('trainings/secret');
});

test("what a job leaves is the tenant's, wherever it lies", async () => {
  const acme = jobs.of('acme');
  const events: string[] = [];
  const subscription = bus.nc.subscribe('nss.>', { callback: (_, { subject }) => void events.push(subject) });
  await acme.create({ id: 'leaves', requestId: 'r', resource: training(4) });
  const stop = new AbortController();
  const working = runJobs({
    jobs,
    logger,
    signal: stop.signal,
    async run(job) {
      assert.deepEqual([job.name, job.id, job.tenant], ['trainings/leaves', 'leaves', 'acme']);
      assert.equal(await job.artifacts.put('note.txt', 'x'), 'trainings/leaves/note.txt');
      assert.ok(await job.artifacts.get('note.txt'));
      await job.saveState({ text: 'x'.repeat(300_000) });
      const checkpoints = await openObjects(bus, 'nss-checkpoints');
      await checkpoints.put(`${job.objects}/1`, new Uint8Array(1));
    },
  });
  const last = (await changesOf(acme, 'trainings/leaves')).at(-1);
  stop.abort();
  await working;
  subscription.unsubscribe();
  assert.equal(last?.status?.state, JobState.SUCCEEDED, `${last?.status?.error?.message}`);

  const objects = await Promise.all(['nss-artifacts', 'nss-checkpoints'].map((bucket) => openObjects(bus, bucket)));
  const names = (await Promise.all(objects.map((each) => each.list()))).flat().map(({ name }) => name);
  assert.ok(names.length >= 3, String(names));
  for (const name of names) assert.match(name, /^(saved-states\/)?trainings\/acme=leaves\//);
  const keys = [
    ...(await (await openStore(bus, 'nss-trainings', TEXT)).list()),
    ...(await (await openStore(bus, 'nss-job-state', TEXT)).list()),
  ].map(({ key }) => key);
  for (const key of keys) assert.match(key, /^(trainings\.)?acme=/);
  const published = events.filter((subject) => subject.includes('leaves'));
  const announced = published.filter((subject) => !subject.startsWith('nss.v1.jobs.'));
  assert.deepEqual(
    announced,
    ['created', 'started', 'succeeded'].flatMap((what) =>
      ['cloudevents.', ''].map((form) => `nss.v1.tenants.acme.${form}trainings.leaves.${what}`),
    ),
  );

  await acme.delete('trainings/leaves');
  const left = (await Promise.all(objects.map((each) => each.list()))).flat();
  assert.deepEqual(left, []);
});

test('a job that was stored before there were tenants is of the tenant default', async () => {
  const raw = await openStore(bus, 'nss-trainings', Training);
  const old = Training.fromPartial({
    name: 'trainings/old',
    spec: {},
    status: { state: JobState.SUCCEEDED, createTime: new Date(0) },
  });
  await raw.create('old', old);
  assert.equal(tenantOf(await jobs.get('trainings/old')), 'default');
  assert.ok((await jobs.list()).resources.some(({ name }) => name === 'trainings/old'));
  await assert.rejects(jobs.of('acme').get('trainings/old'), code('NOT_FOUND'));
  await jobs.delete('trainings/old');
});

test('stored ids say tenant and id, and two never meet', () => {
  const id = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
  fc.assert(
    fc.property(id, id, (tenant, own) => {
      assert.deepEqual(parseStoredId(storedId(tenant, own)), { tenant, id: own });
      const name = storedName(tenant, `trainings/${own}`);
      assert.equal(parseStoredName('trainings', name), storedId(tenant, own));
    }),
  );
  for (const wrong of ['', '=', 'a=', '=a', 'a=b=c', 'a.b', 'A', 'a/b']) {
    assert.throws(() => parseStoredId(wrong), code('INVALID_ARGUMENT'), wrong);
  }
});
