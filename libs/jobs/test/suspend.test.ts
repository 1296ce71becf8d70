import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Bus, connectBus, ensureTopology } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { JobState, Search } from '@nss/contracts';
import { NssError, resourceExhausted } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { type Jobs, openJobs, type RunningJob, runJobs, SEARCHES } from '../src/index.ts';
import { reconcile } from '../src/reconcile.ts';

/* Jobs that stop to go on later. */

const logger = createLogger('test', { level: 'silent' });
const noSignal = new AbortController().signal;
let nats: TestNatsServer;
let bus: Bus;
let jobs: Jobs<Search>;

before(async () => {
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  jobs = await openJobs(bus, SEARCHES);
});
after(async () => {
  await bus.close();
  await nats.stop();
});

const create = (id: string) => jobs.create({ id, resource: Search.fromPartial({}) });
const notResumable = (error: unknown) => error instanceof NssError && error.reason === 'JOB_NOT_RESUMABLE';
const weights = (id: string) => `searches/${id}/weights`;

function work(run: (job: RunningJob<Search>) => Promise<void>, from = jobs): () => Promise<void> {
  const stop = new AbortController();
  const done = runJobs({ jobs: from, run, logger, signal: stop.signal });
  return async () => {
    stop.abort();
    await done;
  };
}

async function endOf(name: string): Promise<Search> {
  let last: Search | undefined;
  for await (const { resource } of jobs.watch(name, 0, noSignal)) last = resource;
  assert.ok(last);
  return last;
}

/** Saves a state and weights, and works until it is stopped. */
async function workUntilStopped(job: RunningJob<Search>): Promise<void> {
  await job.saveState({ iteration: 7 });
  await jobs.storage.checkpoints.put(weights(job.id), new Uint8Array([1]));
  working.resolve();
  await new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason)));
}
let working = Promise.withResolvers<void>();

test('a job that was suspended keeps its weights and goes on from its state when it is resumed', async () => {
  working = Promise.withResolvers();
  const stopFirst = work(workUntilStopped);
  const { name } = await create('paused');
  await working.promise;
  await jobs.suspend(name);
  const stopped = await endOf(name);
  assert.deepEqual([stopped.status?.state, stopped.status?.resumable], [JobState.CANCELLED, true]);
  await stopFirst();
  await reconcile(jobs.storage);
  assert.ok(await jobs.storage.checkpoints.info(weights('paused')));

  assert.equal((await jobs.resume(name)).status?.state, JobState.PENDING);
  const found: unknown[] = [];
  const stopSecond = work(async (job) => {
    found.push(await job.loadState());
  });
  const ended = await endOf(name);
  await stopSecond();
  assert.deepEqual([ended.status?.state, ended.status?.resumable], [JobState.SUCCEEDED, false]);
  assert.deepEqual(found, [{ iteration: 7 }]);
});

// Before jobs are compared with their queue for the next time, which is after a minute.
test('a job that is resumed before its last worker has put its message away goes on at once', {
  timeout: 30_000,
}, async () => {
  working = Promise.withResolvers();
  const resumed = Promise.withResolvers<Search>();
  const { state } = jobs.storage;
  // The last that a worker does before.
  const dropping: typeof state = {
    ...state,
    async delete(key, ...rest) {
      await state.delete(key, ...rest);
      if (runs.length === 1) resumed.resolve(await jobs.resume('searches/hasty'));
    },
  };
  const runs: string[] = [];
  const stop = work(
    async (job) => {
      runs.push(job.id);
      if (runs.length === 1) await workUntilStopped(job);
    },
    { ...jobs, storage: { ...jobs.storage, state: dropping } },
  );
  const { name } = await create('hasty');
  await working.promise;
  await jobs.suspend(name);
  await resumed.promise;
  const ended = await endOf(name);
  await stop();
  assert.deepEqual([ended.status?.state, runs], [JobState.SUCCEEDED, ['hasty', 'hasty']]);
});

test('a job whose budget was used up has failed, and goes on with more', async () => {
  const stopFirst = work(async () => {
    throw resourceExhausted('used up', { reason: 'BUDGET_EXHAUSTED' });
  });
  const { name } = await create('costly');
  const failed = await endOf(name);
  await stopFirst();
  assert.deepEqual([failed.status?.state, failed.status?.error?.reason], [JobState.FAILED, 'BUDGET_EXHAUSTED']);
  const waiting = await jobs.resume(name, (job, stopped) => ({ ...job, spec: stopped.spec }));
  assert.deepEqual([waiting.status?.error, waiting.status?.endTime], [undefined, undefined]);
  const stopSecond = work(async () => {});
  assert.equal((await endOf(name)).status?.state, JobState.SUCCEEDED);
  await stopSecond();
});

test('a suspended job that is cancelled before it has stopped is over, and its weights go', async () => {
  working = Promise.withResolvers();
  const stop = work(async (job) => {
    await workUntilStopped(job).catch(async (error) => {
      await jobs.cancel(job.name);
      throw error;
    });
  });
  const { name } = await create('over');
  await working.promise;
  await jobs.suspend(name);
  const ended = await endOf(name);
  await stop();
  assert.deepEqual([ended.status?.state, ended.status?.resumable], [JobState.CANCELLED, false]);
  assert.equal(await jobs.storage.checkpoints.info(weights('over')), undefined);
  await assert.rejects(jobs.resume(name), notResumable);
});

test('resuming twice is once, and what was cancelled, or has not stopped, cannot be resumed', async () => {
  const { name } = await create('waiting');
  await jobs.suspend(name);
  for (let i = 0; i < 2; i++) assert.equal((await jobs.resume(name)).status?.state, JobState.PENDING);
  await jobs.cancel(name);
  await assert.rejects(jobs.resume(name), notResumable);
  await assert.rejects(jobs.resume('searches/nobody'), { codeName: 'NOT_FOUND' });
});
