import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { type Bus, CHECKPOINTS, connectBus, type Entry, ensureTopology, jobSubject, openObjects } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { JobState, JobStatus, Search, SearchSpec } from '@nss/contracts';
import { NssError, notFound, unavailable } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { claim } from '../src/claim.ts';
import { type Jobs, openJobs, type RunningJob, runJobs, SEARCHES } from '../src/index.ts';
import { deleteJob } from '../src/jobs.ts';
import { reconcile } from '../src/reconcile.ts';
import { type HeldJob, holdJob } from '../src/running-job.ts';
import { started } from '../src/states.ts';
import { watchForVanished } from '../src/vanished.ts';

/* What must hold when workers die, hang and race, and when the server restarts. */

const logger = createLogger('test', { level: 'silent' });
const noSignal = new AbortController().signal;
/** Short, so that the job of a worker that dies goes on soon. */
const queue = { ackWaitMs: 400 };
let nats: TestNatsServer;
let bus: Bus;
let jobs: Jobs<Search>;

before(async () => {
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  jobs = await openJobs(bus, SEARCHES, queue);
});
after(async () => {
  await bus.close();
  await nats.stop();
});

const search = (seed = 0): Search => Search.fromPartial({ spec: SearchSpec.fromPartial({ seed }) });
const reason = (expected: string) => (error: unknown) => error instanceof NssError && error.reason === expected;
const idOf = (name: string) => name.split('/')[1];

function work(run: (job: RunningJob<Search>) => Promise<void>, { on = jobs, maxTries = 20 } = {}) {
  const stop = new AbortController();
  const done = runJobs({ jobs: on, run, concurrency: 2, logger, signal: stop.signal, maxTries });
  return async () => {
    stop.abort();
    await done;
  };
}

async function lastOf(name: string, on = jobs): Promise<Search> {
  let last: Search | undefined;
  for await (const { resource } of on.watch(name, 0, noSignal)) last = resource;
  assert.ok(last);
  return last;
}

async function isQueued(id: string): Promise<boolean> {
  await bus.nc.flush();
  const found = await bus.jsm.streams.info('NSS_JOBS', { subjects_filter: jobSubject('searches', id) });
  return Object.keys(found.state.subjects ?? {}).length > 0;
}

/** `<id> <participle> <state>` of every event of the jobs whose ids begin so, in the order stored. */
async function storedEvents(prefix: string): Promise<string[]> {
  const events: string[] = [];
  const consumer = await bus.js.consumers.get('NSS_EVENTS', { filter_subjects: 'nss.v1.searches.*.*' });
  for await (const message of await consumer.consume()) {
    const [, , , id, participle] = message.subject.split('.');
    if (id.startsWith(prefix)) events.push(`${id} ${participle} ${Search.decode(message.data).status?.state}`);
    if (message.info.pending === 0) break;
  }
  return events;
}

/** Takes a job as a worker does, without a queue. */
async function hold(name: string): Promise<HeldJob<Search>> {
  const { storage } = jobs;
  const entry = await storage.resources.get(idOf(name));
  assert.ok(entry);
  const worker = crypto.randomUUID();
  const held = await claim(storage, entry.key, worker);
  return holdJob({ storage, claim: held, entry, worker, logger, shutdown: noSignal });
}

test('the job of a worker that dies goes on with another one, from its saved state', async (t) => {
  const doomed = await connectBus({ url: nats.url, name: 'doomed', logger });
  const reached = Promise.withResolvers<void>();
  const buried = Promise.withResolvers<void>();
  const stopDoomed = work(
    async (job) => {
      await job.saveState({ iteration: 7 });
      reached.resolve();
      await buried.promise;
    },
    { on: await openJobs(doomed, SEARCHES, queue) },
  );
  const { name } = await jobs.create({ id: 'orphan', resource: search() });
  await reached.promise;
  // No drain, no word to the server: what a killed process leaves.
  await doomed.nc.close();
  const resumed: unknown[] = [];
  const stop = work(async (job) => {
    resumed.push(await job.loadState());
  });
  t.after(stop);
  const last = await lastOf(name);
  assert.equal(last.status?.state, JobState.SUCCEEDED);
  assert.deepEqual(resumed, [{ iteration: 7 }]);
  buried.resolve();
  await stopDoomed();
  assert.deepEqual(await jobs.get(name), last);
});

test('a worker that lost its job to another one changes nothing any more', async () => {
  const { name } = await jobs.create({ id: 'fenced', resource: search() });
  const hung = await hold(name);
  await hung.job.update((job) => started(job, new Date()));
  await hung.job.saveState({ by: 'hung' });

  const next = await hold(name);
  await next.job.update((job) => started(job, new Date()));
  assert.deepEqual(await next.job.loadState(), { by: 'hung' });
  await next.job.saveState({ by: 'next' });
  const before = await jobs.storage.resources.get('fenced');

  await assert.rejects(hung.job.saveState({ by: 'hung' }), reason('CLAIM_LOST'));
  await assert.rejects(
    hung.job.update((job) => ({ ...job })),
    reason('CLAIM_LOST'),
  );
  await assert.rejects(hung.job.artifacts.put('file', 'late'), reason('CLAIM_LOST'));
  await assert.rejects(hung.renew({ tries: 0 }), reason('CLAIM_LOST'));
  assert.ok(hung.lost());
  assert.ok(reason('CLAIM_LOST')(hung.job.signal.reason));
  assert.ok(!hung.job.cancelled());

  assert.deepEqual(await jobs.storage.resources.get('fenced'), before);
  assert.equal(await next.job.artifacts.get('file'), undefined);
  assert.deepEqual(await (await hold(name)).job.loadState(), { by: 'next' });
});

test('of workers that take a job from each other, none writes after the next one has', async () => {
  const { name } = await jobs.create({ id: 'contested', resource: search() });
  const sign = (trainer: string) => (job: Search) => {
    const status = job.status ?? JobStatus.fromPartial({});
    const use = { trainer, engine: '', startTime: undefined, endTime: undefined };
    return { ...job, status: { ...status, trainerUses: [...status.trainerUses, use] } };
  };
  const writeUntilLost = async (held: HeldJob<Search>, trainer: string) => {
    for (let i = 0; i < 200; i++) {
      try {
        await held.job.update(sign(trainer));
      } catch (error) {
        assert.ok(reason('CLAIM_LOST')(error));
        return;
      }
    }
  };
  const workers: Promise<void>[] = [];
  for (let worker = 0; worker < 6; worker++) {
    const held = await hold(name);
    await held.job.update(sign(`w${worker}`));
    workers.push(writeUntilLost(held, `w${worker}`));
    // Time for some writes, in round trips.
    for (let i = 0; i < 5; i++) await bus.nc.flush();
  }
  await hold(name);
  await Promise.all(workers);
  const signed = (await jobs.get(name)).status?.trainerUses.map(({ trainer }) => trainer) ?? [];
  assert.deepEqual(signed, signed.toSorted());
  assert.equal(new Set(signed).size, 6);
});

test('changes that race are all kept', async () => {
  const { name } = await jobs.create({ id: 'raced', resource: search() });
  await Promise.all(
    Array.from({ length: 20 }, () =>
      jobs.update(name, (job) => ({ ...job, spec: job.spec && { ...job.spec, seed: job.spec.seed + 1 } })),
    ),
  );
  assert.equal((await jobs.get(name)).spec?.seed, 20);
});

test('every change of state is an event, in order, with the job in it', async () => {
  const waiting = await jobs.create({ id: 'event-1', resource: search() });
  await jobs.cancel(waiting.name);
  await jobs.cancel(waiting.name);
  const stop = work(async ({ id }) => {
    if (id === 'event-3') throw notFound('images');
  });
  for (const id of ['event-2', 'event-3']) {
    const { name } = await jobs.create({ id, requestId: id, resource: search() });
    await lastOf(name);
    await jobs.create({ id, requestId: id, resource: search() });
  }
  await stop();
  await jobs.delete('searches/event-2');
  assert.deepEqual(await storedEvents('event-'), [
    'event-1 created JOB_STATE_PENDING',
    'event-1 cancelled JOB_STATE_CANCELLED',
    'event-2 created JOB_STATE_PENDING',
    'event-2 started JOB_STATE_RUNNING',
    'event-2 succeeded JOB_STATE_SUCCEEDED',
    'event-3 created JOB_STATE_PENDING',
    'event-3 started JOB_STATE_RUNNING',
    'event-3 failed JOB_STATE_FAILED',
    'event-2 deleted JOB_STATE_SUCCEEDED',
  ]);
  for (const id of ['event-1', 'event-2', 'event-3']) assert.equal(await isQueued(id), false, id);
});

test('a job that was stored and never queued is found and run', async () => {
  const createTime = new Date(Date.now() - 60_000);
  const status = JobStatus.fromPartial({ state: JobState.PENDING, createTime });
  await jobs.storage.resources.create('unqueued', { ...search(), name: 'searches/unqueued', status });
  assert.equal(await isQueued('unqueued'), false);
  const stop = work(async () => undefined);
  assert.equal((await lastOf('searches/unqueued')).status?.state, JobState.SUCCEEDED);
  await stop();
  // Who died before it queued the job may have died before it announced it.
  assert.ok((await storedEvents('unqueued')).some((event) => event.startsWith('unqueued created')));
});

test('the event of a change whose author died before it could tell is published by whoever goes on', async () => {
  const { resources } = jobs.storage;
  const { name } = await jobs.create({ id: 'silent', resource: search() });
  const entry = await resources.get('silent');
  assert.ok(entry);
  await resources.update('silent', started(entry.value, new Date()), entry.revision);
  const stop = work(async () => undefined);
  await lastOf(name);
  await stop();
  const events = await storedEvents('silent');
  assert.deepEqual(events, [
    'silent created JOB_STATE_PENDING',
    'silent started JOB_STATE_RUNNING',
    'silent succeeded JOB_STATE_SUCCEEDED',
  ]);

  // A delete that dies in its last step can be repeated, and is told once.
  const dying = { ...jobs.storage, resources: { ...resources, delete: () => Promise.reject(new Error('killed')) } };
  await assert.rejects(deleteJob(dying, async () => (await resources.get('silent')) as Entry<Search>));
  await jobs.delete(name);
  assert.deepEqual(await storedEvents('silent'), [...events, 'silent deleted JOB_STATE_SUCCEEDED']);
});

test('a job whose worker is gone is shown as PENDING until another one has it, and one that writes after all has it', async (t) => {
  const { name } = await jobs.create({ id: 'vanished', resource: search() });
  await bus.jsm.streams.purge('NSS_JOBS', { filter: jobSubject('searches', 'vanished') });
  const gone = await hold(name);
  await gone.job.update((job) => started(job, new Date()));
  const stop = new AbortController();
  const watching = watchForVanished(jobs.storage, logger, stop.signal);
  t.after(async () => {
    stop.abort();
    await watching;
  });
  const states: (JobState | undefined)[] = [];
  for await (const { resource } of jobs.watch(name, 0, noSignal)) {
    states.push(resource.status?.state);
    if (states.length === 1) continue;
    if (states.length === 2) await gone.job.update((job) => ({ ...job }));
    else if (states.length === 3) await jobs.cancel(name);
    else break;
  }
  // Cancelled while a worker has it, so that worker, or the next one, cleans up.
  assert.deepEqual(states, [JobState.RUNNING, JobState.PENDING, JobState.RUNNING, JobState.CANCELLING]);
});

test('a worker that lives keeps its job RUNNING, however long it has nothing to tell', async (t) => {
  const { name } = await jobs.create({ id: 'quiet', resource: search() });
  const done = Promise.withResolvers<void>();
  const stop = work(() => done.promise);
  t.after(stop);
  const { state: store } = jobs.storage;
  let claims = 0;
  // Claims are renewed six times a lease; fifteen are two leases and a half.
  for await (const { value } of store.watch('searches.quiet.claim', 1, noSignal)) {
    if (value !== undefined && ++claims === 15) break;
  }
  assert.equal((await jobs.get(name)).status?.state, JobState.RUNNING);
  done.resolve();
  assert.equal((await lastOf(name)).status?.state, JobState.SUCCEEDED);
  await stop();
  assert.equal(await store.get('searches.quiet.claim'), undefined);
});

test('a job that comes further without a saved state does not run out of tries', async () => {
  const { name } = await jobs.create({ id: 'further', resource: search() });
  for (let i = 0; i < 5; i++) {
    const { job } = await hold(name);
    await job.update((found) => started(found, new Date()));
    await job.advanced();
  }
  const stop = work(async () => undefined, { maxTries: 3 });
  assert.equal((await lastOf(name)).status?.state, JobState.SUCCEEDED);
  await stop();
});

test('a job that shuts down has a moment left to store where it goes on', async () => {
  const reached = Promise.withResolvers<void>();
  const stopFirst = work(async (job) => {
    if (job.id !== 'leaving') return;
    reached.resolve();
    await once(job.signal, 'abort');
    job.cutOff.throwIfAborted();
    await job.saveState({ iteration: 9 });
    throw job.signal.reason;
  });
  const { name } = await jobs.create({ id: 'leaving', resource: search() });
  await reached.promise;
  await stopFirst();
  assert.equal((await jobs.get(name)).status?.state, JobState.PENDING);
  assert.equal(await isQueued('leaving'), true);
  const resumed: unknown[] = [];
  const stop = work(async (job) => {
    if (job.id === 'leaving') resumed.push(await job.loadState());
  });
  await lastOf(name);
  await stop();
  assert.deepEqual(resumed, [{ iteration: 9 }]);
});

test('weights go with jobs that fail, are cancelled or deleted, also those that a worker thought dead stores afterwards', async () => {
  const checkpoints = await openObjects(bus, CHECKPOINTS);
  const weights = new Uint8Array(10);
  const left = async () => (await checkpoints.list('searches/w-')).map(({ name }) => name);
  const stop = work(async ({ id, name }) => {
    if (!id.startsWith('w-')) return;
    await checkpoints.put(`${name}/8`, weights);
    if (id === 'w-fails') throw notFound('images');
  });
  for (const id of ['w-fails', 'w-succeeds']) await lastOf((await jobs.create({ id, resource: search() })).name);
  await stop();
  const { name: waiting } = await jobs.create({ id: 'w-waits', resource: search() });
  assert.deepEqual(await left(), ['searches/w-succeeds/8']);

  for (const id of ['w-fails', 'w-gone', 'w-waits']) await checkpoints.put(`searches/${id}/16`, weights);
  const { dropped } = await reconcile(jobs.storage);
  assert.deepEqual(dropped.filter((name) => name.includes('/w-')).sort(), [
    'searches/w-fails/16',
    'searches/w-gone/16',
  ]);
  // Jobs that change while the list is read may be missing in it.
  const resources = { ...jobs.storage.resources, list: async () => [] };
  await reconcile({ ...jobs.storage, resources });
  assert.deepEqual(await left(), ['searches/w-succeeds/8', 'searches/w-waits/16']);
  await jobs.cancel(waiting);
  await jobs.delete(waiting);
  assert.deepEqual(await left(), ['searches/w-succeeds/8']);
});

test('a create that died before it queued its job is completed by its retry', async () => {
  const request = { id: 'half-created', requestId: 'half', resource: search() };
  const { name } = await jobs.create(request);
  await bus.jsm.streams.purge('NSS_JOBS', { filter: jobSubject('searches', 'half-created') });
  assert.equal(await isQueued('half-created'), false);
  await jobs.create(request);
  assert.equal(await isQueued('half-created'), true);
  await jobs.cancel(name);
});

test('an id can be used again after its job was deleted', async () => {
  const { name } = await jobs.create({ id: 'again', resource: search(1) });
  await jobs.cancel(name);
  await jobs.delete(name);
  await jobs.create({ id: 'again', resource: search(2) });
  const ran: string[] = [];
  const stop = work(async ({ name }) => {
    ran.push(name);
  });
  const last = await lastOf(name);
  await stop();
  assert.equal(last.status?.state, JobState.SUCCEEDED);
  assert.equal(last.spec?.seed, 2);
  assert.equal(ran.filter((each) => each === name).length, 1);
});

test('a job cancelled while no worker has it is cleaned up by the next one and ends as CANCELLED', async () => {
  const { name } = await jobs.create({ id: 'abandoned', resource: search() });
  const dead = await hold(name);
  await dead.job.update((job) => started(job, new Date()));
  assert.equal((await jobs.cancel(name)).status?.state, JobState.CANCELLING);
  const seen: boolean[] = [];
  const stop = work(async (job) => {
    if (job.name === name) seen.push(job.signal.aborted, job.cancelled());
    job.signal.throwIfAborted();
  });
  assert.equal((await lastOf(name)).status?.state, JobState.CANCELLED);
  await stop();
  assert.deepEqual(seen, [true, true]);
});

test('a worker that finishes a job that was cancelled meanwhile ends it as CANCELLED', async () => {
  const { name } = await jobs.create({ id: 'finished-late', resource: search() });
  const stop = work(async (job) => {
    if (job.name === name) await jobs.cancel(name);
  });
  assert.equal((await lastOf(name)).status?.state, JobState.CANCELLED);
  await stop();
});

test('an interruption is a failure after as many tries as are allowed', async () => {
  const { name } = await jobs.create({ id: 'hopeless', resource: search() });
  const stop = work(
    async () => {
      throw unavailable('the trainer is away');
    },
    { maxTries: 1 },
  );
  const { status } = await lastOf(name);
  await stop();
  assert.equal(status?.state, JobState.FAILED);
  assert.deepEqual(status?.error, { code: 'UNAVAILABLE', reason: 'UNAVAILABLE', message: 'the trainer is away' });
});

test('a job that kills its workers fails in the end, unless they saved a state', async () => {
  const [poison, slow] = await Promise.all(
    ['poison', 'slow'].map(async (id) => (await jobs.create({ id, resource: search() })).name),
  );
  for (let i = 0; i < 3; i++) {
    await hold(poison);
    const held = await hold(slow);
    await held.job.update((job) => started(job, new Date()));
    await held.job.saveState({ i });
  }
  const stop = work(async () => undefined, { maxTries: 3 });
  const { status } = await lastOf(poison);
  assert.equal(status?.error?.reason, 'WORKERS_LOST');
  assert.match(status?.error?.message ?? '', /3 workers in a row/);
  assert.equal((await lastOf(slow)).status?.state, JobState.SUCCEEDED);
  await stop();
});

test('a state larger than a message is saved too, replaced, and deleted with its job', async () => {
  const checkpoints = await openObjects(bus, CHECKPOINTS);
  const large = (fill: number) => ({ logits: Array.from({ length: 100_000 }, (_, i) => fill + 1 / (i + 3)) });
  const { name } = await jobs.create({ id: 'large', resource: search() });
  const first = await hold(name);
  await first.job.saveState(large(0));
  await first.job.saveState(large(1));
  await checkpoints.put(`${name}/100`, new Uint8Array(10));
  const objects = async () => (await checkpoints.list()).filter((object) => object.name.includes(name)).length;
  assert.equal(await objects(), 2);
  assert.deepEqual(await (await hold(name)).job.loadState(), large(1));
  await jobs.cancel(name);
  await jobs.delete(name);
  assert.equal(await objects(), 0);
});

test('more jobs than one page holds are all listed', async () => {
  const ids = Array.from({ length: 250 }, (_, i) => `many-${i}`);
  await Promise.all(ids.map((id) => jobs.create({ id, resource: search() })));
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await jobs.list({ pageSize: 60, pageToken });
    names.push(...page.resources.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  assert.equal(new Set(names).size, names.length);
  for (const id of ids) assert.ok(names.includes(`searches/${id}`), id);
});

test('a running job goes on over a crash of the NATS server', async (t) => {
  const server = await startNatsServer();
  const own = await connectBus({ url: server.url, name: 'test', logger });
  await ensureTopology(own);
  const ownJobs = await openJobs(own, SEARCHES);
  let again: TestNatsServer | undefined;
  const stop = work(
    async (job) => {
      await job.saveState({ iteration: 1 });
      await server.kill();
      again = await startNatsServer({ storeDir: server.storeDir, port: server.port });
      await job.saveState({ iteration: 2 });
    },
    { on: ownJobs },
  );
  t.after(async () => {
    await stop();
    await own.close();
    await again?.stop();
    await server.stop();
  });
  const { name } = await ownJobs.create({ id: 'survivor', resource: search() });
  let state: JobState | undefined;
  // The watch is cut with the server; who watches begins again, as clients do.
  while (state !== JobState.SUCCEEDED) {
    for await (const { resource } of ownJobs.watch(name, 0, noSignal)) state = resource.status?.state;
  }
  assert.equal((await ownJobs.get(name)).status?.startTime instanceof Date, true);
});

test('a job goes on after NATS was away for longer than anybody waits', async (t) => {
  const server = await startNatsServer();
  const own = await connectBus({ url: server.url, name: 'test', logger, patienceMs: 200 });
  await ensureTopology(own);
  const ownJobs = await openJobs(own, SEARCHES, queue);
  const impatient = Promise.withResolvers<unknown>();
  const attempts: unknown[] = [];
  const stop = work(
    async (job) => {
      attempts.push(await job.loadState());
      if (attempts.length > 1) return;
      await job.saveState({ iteration: 1 });
      await server.kill();
      await job.saveState({ iteration: 2 }).catch((error) => {
        impatient.resolve(error);
        throw error;
      });
    },
    { on: ownJobs },
  );
  const { name } = await ownJobs.create({ id: 'patient', resource: search() });
  assert.ok(reason('UNAVAILABLE')(await impatient.promise));
  const again = await startNatsServer({ storeDir: server.storeDir, port: server.port });
  t.after(async () => {
    await stop();
    await own.close();
    await again.stop();
    await server.stop();
  });
  let state: JobState | undefined;
  while (state !== JobState.SUCCEEDED) {
    try {
      for await (const { resource } of ownJobs.watch(name, 0, noSignal)) state = resource.status?.state;
    } catch (error) {
      assert.ok(error instanceof NssError && error.retryable);
    }
  }
  assert.deepEqual(attempts, [undefined, { iteration: 1 }]);
});
