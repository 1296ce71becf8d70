import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ARTIFACTS, type Bus, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { Evaluation, JobState, Training, TrainingResult, TrainingSpec, Warmup } from '@nss/contracts';
import { DEFAULT_TENANT, failedPrecondition, NssError, unavailable } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import {
  EVALUATIONS,
  type JobChange,
  type Jobs,
  jobService,
  openJobs,
  type RunningJob,
  runJobs,
  TRAININGS,
  WARMUPS,
} from '../src/index.ts';

const logger = createLogger('test', { level: 'silent' });
const noSignal = new AbortController().signal;
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

const training = (seed = 0): Training => Training.fromPartial({ spec: TrainingSpec.fromPartial({ seed }) });
const code = (expected: string) => (error: unknown) => error instanceof NssError && error.codeName === expected;

/** Works on trainings until stopped; gives what stops it. */
function work(run: (job: RunningJob<Training>) => Promise<void>): () => Promise<void> {
  const stop = new AbortController();
  const done = runJobs({ jobs, run, concurrency: 4, logger, signal: stop.signal });
  return async () => {
    stop.abort(new Error('the worker stops'));
    await done;
  };
}

/** The changes of a job until it has ended. */
async function untilEnded(name: string, afterChange = 0): Promise<JobChange<Training>[]> {
  const changes: JobChange<Training>[] = [];
  for await (const change of jobs.watch(name, afterChange, noSignal)) changes.push(change);
  return changes;
}
const stateOf = ({ resource }: JobChange<Training>) => resource.status?.state;
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('twenty calls with one request_id make one job; another request for its id is refused', async () => {
  const request = { id: 'once', requestId: 'request-1', resource: training(1) };
  const created = await Promise.all(Array.from({ length: 20 }, () => jobs.create(request)));
  assert.equal(new Set(created.map(({ status }) => status?.createTime?.getTime())).size, 1);
  assert.equal(created[0].name, 'trainings/once');
  await assert.rejects(jobs.create({ ...request, requestId: 'request-2' }), code('ALREADY_EXISTS'));
  await assert.rejects(jobs.create({ ...request, id: 'No Id' }), code('INVALID_ARGUMENT'));
  const first = await jobs.create({ requestId: 'request-3', resource: training() });
  assert.equal((await jobs.create({ requestId: 'request-3', resource: training() })).name, first.name);
  for (const name of [first.name, 'trainings/once']) await jobs.cancel(name);
});

test('one request makes one job, whatever id its retries name; the error says which', async () => {
  const { name } = await jobs.create({ id: 'first-id', requestId: 'repeated', resource: training() });
  await assert.rejects(jobs.create({ id: 'second-id', requestId: 'repeated', resource: training() }), (error) => {
    assert.ok(error instanceof NssError && error.codeName === 'ALREADY_EXISTS');
    assert.equal(error.reason, 'REQUEST_REPEATED');
    assert.equal(error.metadata.resource, name);
    return true;
  });
  assert.equal((await jobs.create({ requestId: 'repeated', resource: training() })).name, name);
  await assert.rejects(jobs.get('trainings/second-id'), code('NOT_FOUND'));

  // A request that was refused has made nothing, and one whose job is deleted is forgotten.
  await assert.rejects(
    jobs.create({ id: 'first-id', requestId: 'refused', resource: training() }),
    code('ALREADY_EXISTS'),
  );
  const other = await jobs.create({ id: 'second-id', requestId: 'refused', resource: training() });
  await jobs.cancel(name);
  await jobs.delete(name);
  const again = await jobs.create({ id: 'third-id', requestId: 'repeated', resource: training() });
  for (const each of [other.name, again.name]) await jobs.cancel(each);
});

test('of twenty calls at once with one request_id and different ids, one makes its job', async () => {
  const calls = Array.from({ length: 20 }, (_, i) =>
    jobs.create({ id: `race-${i}`, requestId: 'race', resource: training() }),
  );
  const outcomes = await Promise.allSettled(calls);
  const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.name] : []));
  assert.equal(made.length, 1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.equal(outcome.reason.metadata.resource, made[0]);
  await jobs.cancel(made[0]);
});

test('pages go through all jobs once, newest first', async () => {
  const warmups = await openJobs(bus, WARMUPS);
  for (let i = 0; i < 25; i++) await warmups.create({ id: `w${i}`, resource: Warmup.fromPartial({}) });
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await warmups.list({ pageSize: 10, pageToken });
    names.push(...page.resources.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  assert.equal(names.length, 25);
  assert.equal(new Set(names).size, 25);
  assert.equal(names[24], 'warmups/w0');
  await assert.rejects(warmups.list({ pageToken: 'forged' }), code('INVALID_ARGUMENT'));
  await assert.rejects(warmups.list({ pageSize: -1 }), code('INVALID_ARGUMENT'));
});

test('a list reads the jobs of its page and no others, and misses nothing that was created, changed or deleted before it', async (t) => {
  const other = await connectBus({ url: nats.url, name: 'other', logger });
  t.after(() => other.close());
  const [mine, theirs] = await Promise.all([openJobs(bus, EVALUATIONS), openJobs(other, EVALUATIONS)]);
  const ids = async () => (await mine.list()).resources.map(({ name }) => name.split('/')[1]);
  assert.deepEqual(await ids(), []);
  for (let round = 0; round < 20; round++) {
    await theirs.create({ id: `e${round}`, resource: Evaluation.fromPartial({}) });
    assert.ok((await ids()).includes(`e${round}`));
  }
  await theirs.cancel('evaluations/e7');
  await theirs.delete('evaluations/e7');
  assert.ok(!(await ids()).includes('e7'));
  await theirs.create({ id: 'e7', resource: Evaluation.fromPartial({}) });
  assert.ok((await ids()).includes('e7'));

  const read: string[] = [];
  const { resources } = mine.storage;
  const { getAll, list } = resources;
  Object.assign(resources, {
    getAll(keys: string[]) {
      read.push(...keys);
      return getAll(keys);
    },
    list: () => assert.fail('the whole bucket was read'),
  });
  t.after(() => Object.assign(resources, { getAll, list }));
  const page = await mine.list({ pageSize: 3 });
  assert.deepEqual(
    page.resources.map(({ name }) => name.split('/')[1]),
    read,
  );
  assert.equal(read.length, 3);
});

test('lists go on after a crash of the server', async (t) => {
  const server = await startNatsServer();
  const own = await connectBus({ url: server.url, name: 'test', logger });
  t.after(async () => {
    await own.close();
    await server.stop();
  });
  await ensureTopology(own);
  const evaluations = await openJobs(own, EVALUATIONS);
  const names = async () => (await evaluations.list()).resources.map(({ name }) => name);
  await evaluations.create({ id: 'before', resource: Evaluation.fromPartial({}) });
  assert.deepEqual(await names(), ['evaluations/before']);
  await server.kill();
  const again = await startNatsServer({ storeDir: server.storeDir, port: server.port });
  t.after(() => again.stop());
  await evaluations.create({ id: 'after', resource: Evaluation.fromPartial({}) });
  assert.deepEqual(await names(), ['evaluations/after', 'evaluations/before']);
});

test('a job runs to its result, and a watch resumes without gaps or repeats', async () => {
  const stop = work(async (job) => {
    job.progress({ activity: 'training', completed: 1, total: 2, unit: 'epochs' });
    await job.artifacts.put('log.txt', 'done');
    await job.update((found) => ({ ...found, result: TrainingResult.fromPartial({ testErrorPercent: 12 }) }));
  });
  const { name } = await jobs.create({ id: 'result', resource: training() });
  const changes = await untilEnded(name);
  await stop();
  const last = changes[changes.length - 1];
  assert.equal(stateOf(last), JobState.SUCCEEDED);
  assert.equal(last.resource.result?.testErrorPercent, 12);
  assert.equal(last.resource.status?.progress?.activity, 'training');
  assert.ok(last.resource.status?.startTime && last.resource.status.endTime);
  const numbers = changes.map(({ change }) => change);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  const all = await untilEnded(name, numbers[0] - 1);
  const resumed = await untilEnded(name, all[1].change);
  assert.deepEqual(
    resumed.map(({ change }) => change),
    all.slice(2).map(({ change }) => change),
  );
  assert.deepEqual(await untilEnded(name, last.change), []);
});

test('an error ends a job as FAILED with its reason; an unknown one leaks nothing', async () => {
  const stop = work(async ({ id }) => {
    if (id === 'refused') throw failedPrecondition('the images are missing', { reason: 'DATASET_MISSING' });
    throw new Error('password=secret');
  });
  for (const id of ['refused', 'broken']) await jobs.create({ id, resource: training() });
  const [refused, broken] = await Promise.all(['refused', 'broken'].map((id) => untilEnded(`trainings/${id}`)));
  await stop();
  const errorOf = (changes: JobChange<Training>[]) => changes[changes.length - 1].resource.status?.error;
  assert.deepEqual(errorOf(refused), {
    code: 'FAILED_PRECONDITION',
    reason: 'DATASET_MISSING',
    message: 'the images are missing',
  });
  assert.equal(errorOf(broken)?.code, 'INTERNAL');
  assert.doesNotMatch(errorOf(broken)?.message ?? '', /secret/);
});

test('a job whose worker stops goes on from its saved state with another one', async () => {
  const reached = Promise.withResolvers<void>();
  const stopFirst = work(async (job) => {
    await job.saveState({ epoch: 3 });
    reached.resolve();
    await aborted(job.signal);
  });
  const { name } = await jobs.create({ id: 'handed-over', resource: training() });
  await reached.promise;
  await stopFirst();
  assert.equal((await jobs.get(name)).status?.state, JobState.PENDING);
  let resumedFrom: unknown;
  const stopSecond = work(async (job) => {
    resumedFrom = await job.loadState();
  });
  const changes = await untilEnded(name);
  await stopSecond();
  assert.deepEqual(resumedFrom, { epoch: 3 });
  assert.equal(stateOf(changes[changes.length - 1]), JobState.SUCCEEDED);
});

test('an interruption that may pass is tried again, not a failure', async () => {
  let tries = 0;
  const stop = work(async () => {
    tries++;
    if (tries === 1) throw unavailable('the trainer is away');
  });
  const { name } = await jobs.create({ id: 'retried', resource: training() });
  const changes = await untilEnded(name);
  await stop();
  assert.equal(stateOf(changes[changes.length - 1]), JobState.SUCCEEDED);
  assert.equal(tries, 2);
});

test('cancelling ends a waiting job at once, asks a running one to stop, and leaves an ended one alone', async () => {
  const waiting = await jobs.create({ id: 'waiting', resource: training() });
  assert.equal((await jobs.cancel(waiting.name)).status?.state, JobState.CANCELLED);
  const running = Promise.withResolvers<void>();
  const stop = work(async (job) => {
    running.resolve();
    await aborted(job.signal);
  });
  const { name } = await jobs.create({ id: 'running', resource: training() });
  await running.promise;
  assert.equal((await jobs.cancel(name)).status?.state, JobState.CANCELLING);
  const changes = await untilEnded(name);
  await stop();
  assert.equal(stateOf(changes[changes.length - 1]), JobState.CANCELLED);
  const before = await jobs.get(name);
  assert.deepEqual(await jobs.cancel(name), before);
});

test('only a job that has ended can be deleted, and its artifacts go with it', async () => {
  const artifacts = await openObjects(bus, ARTIFACTS);
  const { name } = await jobs.create({ id: 'deleted', resource: training() });
  await assert.rejects(jobs.delete(name), code('FAILED_PRECONDITION'));
  const stop = work(async (job) => {
    await job.artifacts.put('weights.bin', new Uint8Array(1000));
  });
  await untilEnded(name);
  await stop();
  assert.equal((await artifacts.list(`${name}/`)).length, 1);
  await jobs.delete(name);
  assert.equal((await artifacts.list(`${name}/`)).length, 0);
  await assert.rejects(jobs.get(name), code('NOT_FOUND'));
});

test('the standard methods check a spec before anything is stored, and take nothing but the spec', async () => {
  const methods = jobService(jobs, (spec) =>
    spec?.seed === 13 ? [{ field: 'spec.seed', description: 'expected another, found 13' }] : [],
  ) as Record<string, (request: object, context: object) => Promise<Training>>;
  const context = { caller: { tenant: DEFAULT_TENANT } };
  const verbs = ['create', 'get', 'list', 'cancel', 'suspend', 'resume', 'delete', 'watch'];
  const names = verbs.map((verb) => `${verb}Training${verb === 'list' ? 's' : ''}`);
  assert.deepEqual(Object.keys(methods), names);
  const request = { trainingId: 'by-rpc', requestId: '', training: training(13) };
  await assert.rejects(methods.createTraining(request, context), code('INVALID_ARGUMENT'));
  await assert.rejects(methods.createTraining({ ...request, training: undefined }, context), code('INVALID_ARGUMENT'));
  await assert.rejects(methods.getTraining({ name: 'trainings/by-rpc' }, context), code('NOT_FOUND'));
  const claimed = { ...training(14), result: { testErrorPercent: 0 }, status: { state: JobState.SUCCEEDED } };
  const created = await methods.createTraining({ ...request, training: claimed }, context);
  assert.equal(created.result, undefined);
  assert.equal(created.status?.state, JobState.PENDING);
  assert.equal((await methods.cancelTraining({ name: created.name }, context)).status?.state, JobState.CANCELLED);
});

test('jobs survive a crash of the NATS server', async () => {
  const server = await startNatsServer();
  const first = await connectBus({ url: server.url, name: 'test', logger });
  await ensureTopology(first);
  await (await openJobs(first, TRAININGS)).create({ id: 'survivor', resource: training(7) });
  await server.kill();
  const again = await startNatsServer({ storeDir: server.storeDir, port: server.port });
  const found = await (await openJobs(first, TRAININGS)).get('trainings/survivor');
  assert.equal(found.spec?.seed, 7);
  await first.close();
  await again.stop();
  await server.stop();
});
