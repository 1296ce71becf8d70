import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Campaign, JobState, JobStatus, Phase, Warmup } from '@nss/contracts';
import type { JobApi, JobKind, Resources, Specs } from '@nss/job-apis';
import type { RunningJob } from '@nss/jobs';
import { cancelled, NssError } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { type CampaignTools, runCampaign } from '../src/campaign.ts';

type WarmupApi = JobApi<Specs['warmup'], Resources['warmup']>;

/** The warmup whose creation is answered when the test says so. */
const held = 'warmups/c-warmup-s1';
const other = 'warmups/c-warmup-s0';

/** A campaign of two warmups, an hour old, and what their service is asked about the one that is held. */
function fixture({ maxWallClockHours }: { maxWallClockHours: number }) {
  const calls: string[] = [];
  const followed = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const stopped: Record<string, PromiseWithResolvers<void>> = {
    [held]: Promise.withResolvers(),
    [other]: Promise.withResolvers(),
  };
  const warmup = (name: string, state: JobState) => Warmup.create({ name, status: JobStatus.create({ state }) });
  const called = (name: string, what: string) => {
    if (name === held) calls.push(what);
  };
  const stop = (how: string) => async (name: string) => {
    called(name, how);
    stopped[name].resolve();
  };
  const api: Partial<WarmupApi> = {
    nameOf: (id) => `warmups/${id}`,
    async create(id) {
      const name = `warmups/${id}`;
      called(name, 'create');
      if (name === held) await answer.promise;
      called(name, 'created');
      return warmup(name, JobState.PENDING);
    },
    cancel: stop('cancel'),
    suspend: stop('suspend'),
    async *watch(name, _afterChange, signal) {
      signal.throwIfAborted();
      const aborted = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      if (name === other) followed.resolve();
      yield { change: 1, resource: warmup(name, JobState.PENDING) };
      await Promise.race([stopped[name].promise, aborted]);
      yield { change: 2, resource: warmup(name, JobState.CANCELLED) };
    },
  };
  let campaign = Campaign.create({
    name: 'campaigns/c',
    spec: {
      dataset: 'cifar10',
      preset: 'tiny',
      targetsMultiplyAdds: [1e5],
      seeds: [0, 1],
      phases: [Phase.WARMUP],
      budget: { maxWallClockHours, maxTrainerHours: 0 },
    },
    status: JobStatus.create({ startTime: new Date(Date.now() - 3_600_000) }),
  });
  const cancellation = new AbortController();
  const job = {
    name: campaign.name,
    id: 'c',
    logger: createLogger('test', { level: 'silent' }),
    signal: cancellation.signal,
    cancelled: () => cancellation.signal.aborted,
    resource: () => campaign,
    async update(change: (campaign: Campaign) => Campaign) {
      campaign = change(campaign);
      return campaign;
    },
    progress() {},
    async advanced() {},
  } as unknown as RunningJob<Campaign>;
  const tools = { apis: { warmup: api } as Record<JobKind, unknown> } as unknown as CampaignTools;
  const ended = runCampaign(job, tools).then(
    () => undefined,
    (error) => NssError.from(error),
  );
  return {
    calls,
    followed: followed.promise,
    otherStopped: stopped[other].promise,
    answer: answer.resolve,
    cancel: () => cancellation.abort(cancelled('the job was cancelled')),
    ended,
  };
}

/** For all that the campaign does without the answer: none of it waits for a clock. */
async function someTurns(): Promise<void> {
  for (let i = 0; i < 20; i++) await nextTurn();
}

test('a job that is being created when its campaign is cancelled is cancelled once it is there', async () => {
  const { calls, followed, answer, cancel, ended } = fixture({ maxWallClockHours: 2 });
  await followed;
  cancel();
  await someTurns();
  answer();
  assert.equal((await ended)?.codeName, 'CANCELLED');
  assert.deepEqual(calls, ['create', 'created', 'cancel']);
});

test('a job that is being created when the budget of its campaign is used up is suspended once it is there', async () => {
  const { calls, otherStopped, answer, ended } = fixture({ maxWallClockHours: 0.5 });
  await otherStopped;
  answer();
  assert.equal((await ended)?.reason, 'BUDGET_EXHAUSTED');
  assert.deepEqual(calls.slice(calls.indexOf('created')), ['created', 'suspend']);
});
