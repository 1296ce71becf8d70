import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Bus, connectBus, ensureTopology } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { Campaign, type CampaignServiceService, CampaignSpec, JobState } from '@nss/contracts';
import { type CallContext, cancelled, NssError } from '@nss/rpc';
import { createLogger, type Quota } from '@nss/runtime';
import { CAMPAIGNS, jobService, openJobs, type RunningJob, runJobs } from '../src/index.ts';

const logger = createLogger('test', { level: 'silent' });
let nats: TestNatsServer;
let bus: Bus;

before(async () => {
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
});

after(async () => {
  await bus.close();
  await nats.stop();
});

/** Campaigns, and what a caller of a tenant may do with them, under quotas. */
async function open(quotas: Record<string, Quota>) {
  const jobs = await openJobs<Campaign>(bus, CAMPAIGNS, { quotas: (tenant) => quotas[tenant] ?? {} });
  const methods = jobService<typeof CampaignServiceService, Campaign>(jobs, () => []);
  const create = (tenant: string, id: string, caller: Partial<CallContext['caller']> = {}) => {
    const context = { caller: { tenant, service: undefined, operator: false, ...caller } } as CallContext;
    const campaign = Campaign.create({ spec: CampaignSpec.create() });
    return methods.createCampaign({ campaignId: id, campaign, requestId: id }, context);
  };
  return { jobs, create };
}

const exceeded = (error: unknown) =>
  error instanceof NssError &&
  error.reason === 'QUOTA_EXCEEDED' &&
  error.codeName === 'RESOURCE_EXHAUSTED' &&
  error.quotaViolations[0].subject.startsWith('tenant:');

test('a tenant has no more campaigns at once than its quota says, whatever others have', async () => {
  const { jobs, create } = await open({ acme: { campaigns: 2 } });
  await create('acme', 'one');
  await create('acme', 'two');
  await assert.rejects(create('acme', 'three'), exceeded);
  // A retry is no other campaign.
  assert.equal((await create('acme', 'two')).name, 'campaigns/two');
  await create('umbrella', 'three');
  await jobs.of('acme').cancel('campaigns/one');
  await create('acme', 'three');
});

test('who has stored too much begins nothing new, and what runs goes on', async () => {
  const { jobs, create } = await open({ hoarder: { storedBytes: 1_000 } });
  await create('hoarder', 'first');
  await jobs.storage.artifacts.put('campaigns/hoarder=first/a', new Uint8Array(600));
  await create('hoarder', 'second');
  await jobs.storage.checkpoints.put('saved-states/campaigns/hoarder=first/b', new Uint8Array(600));
  await jobs.storage.artifacts.put('campaigns/somebody=else/c', new Uint8Array(5_000));
  await assert.rejects(create('hoarder', 'third'), exceeded);
  await create('hoarder', 'third', { service: 'space-controller' });
});

test('each of several trainers of one job counts, and a job finds the slots again that it held', async () => {
  const { jobs, create } = await open({ several: { trainers: 2 } });
  await create('several', 'job');
  const stop = new AbortController();
  const run = async (job: RunningJob<Campaign>) => {
    if (job.tenant !== 'several') return;
    await Promise.all([job.trainerSlot(0), job.trainerSlot(1)]);
    // As a worker would that takes the job over.
    const [first] = await Promise.all([job.trainerSlot(0), job.trainerSlot(1)]);
    const waiting = new AbortController();
    const third = job.trainerSlot(2, waiting.signal);
    waiting.abort(cancelled('no longer wanted', { reason: 'NOT_WANTED' }));
    await assert.rejects(third, { reason: 'NOT_WANTED' });
    await first();
    await job.trainerSlot(2);
  };
  const done = runJobs({ jobs, run, concurrency: 8, logger, signal: stop.signal });
  let last: Campaign | undefined;
  for await (const { resource } of jobs.of('several').watch('campaigns/job', 0, stop.signal)) last = resource;
  stop.abort();
  await done;
  assert.equal(last?.status?.error, undefined);
  assert.equal(last?.status?.state, JobState.SUCCEEDED);
});

test('no more trainers work for a tenant than its quota says, and those of jobs that have ended are free', async () => {
  const { jobs } = await open({ greedy: { trainers: 2 } });
  const greedy = jobs.of('greedy');
  const names = await Promise.all(
    ['a', 'b', 'c'].map(async (id) => (await greedy.create({ id, resource: Campaign.create() })).name),
  );
  const begun: string[] = [];
  const twoBegun = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  let working = 0;
  let most = 0;
  const run = async (job: RunningJob<Campaign>) => {
    if (job.tenant !== 'greedy') return;
    const leave = await job.trainerSlot();
    await leave();
    await job.trainerSlot();
    most = Math.max(most, ++working);
    begun.push(job.name);
    if (begun.length === 2) twoBegun.resolve();
    await mayEnd.promise;
    // It ends, as one that dies, without a word of its slot.
    working--;
  };
  const stop = new AbortController();
  const done = runJobs({ jobs, run, concurrency: 8, logger, signal: stop.signal });
  await twoBegun.promise;
  await setImmediate();
  assert.equal(begun.length, 2);
  mayEnd.resolve();
  for (const name of names) {
    for await (const _ of greedy.watch(name, 0, new AbortController().signal));
  }
  assert.deepEqual(begun.sort(), names);
  assert.equal(most, 2);
  stop.abort();
  await done;
});
