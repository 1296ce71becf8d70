import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phaseNames } from '@nss/campaign';
import { JobState, type JobStatus, JobStatus as Status } from '@nss/contracts';
import { isResourceId } from '@nss/rpc';
import fc from 'fast-check';
import { phaseStatuses, shareDone } from '../src/campaign-phases.ts';
import { planCampaign, spaceLabel } from '../src/campaign-plan.ts';

const everything = {
  campaignId: 'demo',
  targets: [2e6, 1.6e9],
  seeds: [0],
  phases: phaseNames,
  taskLoss: true,
  repeats: 2,
};

test('a campaign is a warmup, a super network, and a search, an evaluation, two NAS runs and their trainings a target', () => {
  const plan = planCampaign(everything);
  assert.deepEqual(
    plan.map(({ id, needs }) => `${id} <- ${needs.join(' ')}`),
    [
      'demo-warmup-s0 <- ',
      'demo-super-network <- ',
      'demo-search-2mf-s0 <- demo-warmup-s0',
      'demo-search-1-6gf-s0 <- demo-warmup-s0',
      'demo-evaluation-2mf-s0 <- demo-super-network demo-search-2mf-s0',
      'demo-evaluation-1-6gf-s0 <- demo-super-network demo-search-1-6gf-s0',
      'demo-evaluation-search-space <- demo-super-network',
      'demo-nas-2mf-s0-elite <- demo-search-2mf-s0',
      'demo-nas-2mf-s0-base <- demo-search-2mf-s0',
      'demo-nas-1-6gf-s0-elite <- demo-search-1-6gf-s0',
      'demo-nas-1-6gf-s0-base <- demo-search-1-6gf-s0',
      'demo-training-2mf-s0-elite-r0 <- demo-nas-2mf-s0-elite',
      'demo-training-2mf-s0-elite-r1 <- demo-nas-2mf-s0-elite',
      'demo-training-2mf-s0-base-r0 <- demo-nas-2mf-s0-base',
      'demo-training-2mf-s0-base-r1 <- demo-nas-2mf-s0-base',
      'demo-training-1-6gf-s0-elite-r0 <- demo-nas-1-6gf-s0-elite',
      'demo-training-1-6gf-s0-elite-r1 <- demo-nas-1-6gf-s0-elite',
      'demo-training-1-6gf-s0-base-r0 <- demo-nas-1-6gf-s0-base',
      'demo-training-1-6gf-s0-base-r1 <- demo-nas-1-6gf-s0-base',
    ],
  );
});

test('phases that were not asked for have no jobs, and a search without a warmup waits for none', () => {
  const plan = planCampaign({ ...everything, phases: ['search', 'report'] });
  assert.deepEqual(
    plan.map(({ id, needs }) => ({ id, needs })),
    [
      { id: 'demo-search-2mf-s0', needs: [] },
      { id: 'demo-search-1-6gf-s0', needs: [] },
    ],
  );
});

test('every seed has a warmup and evaluations of its own, and all of them the one super network', () => {
  const plan = planCampaign({
    ...everything,
    targets: [2e6],
    seeds: [3, 4],
    phases: ['warmup', 'search', 'evaluation'],
  });
  assert.deepEqual(
    plan.map(({ id, seed, needs }) => `${id} (${seed}) <- ${needs.join(' ')}`),
    [
      'demo-warmup-s3 (3) <- ',
      'demo-warmup-s4 (4) <- ',
      'demo-super-network (3) <- ',
      'demo-search-2mf-s3 (3) <- demo-warmup-s3',
      'demo-search-2mf-s4 (4) <- demo-warmup-s4',
      'demo-evaluation-2mf-s3 (3) <- demo-super-network demo-search-2mf-s3',
      'demo-evaluation-2mf-s4 (4) <- demo-super-network demo-search-2mf-s4',
      'demo-evaluation-search-space (3) <- demo-super-network',
    ],
  );
});

test('searches without task loss wait for no warmup, and none is made', () => {
  const plan = planCampaign({ ...everything, taskLoss: false, phases: ['warmup', 'search'] });
  assert.deepEqual(
    plan.map(({ id, needs }) => ({ id, needs })),
    [
      { id: 'demo-search-2mf-s0', needs: [] },
      { id: 'demo-search-1-6gf-s0', needs: [] },
    ],
  );
  const [warmup] = phaseStatuses(['warmup', 'search'], plan, new Map(), JobState.PENDING, start);
  assert.deepEqual([warmup.state, warmup.completed, warmup.jobs], [JobState.SUCCEEDED, 1, []]);
});

test('ids are valid, different and the same on every call, however long the campaign id and odd the targets', () => {
  const ids = fc.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
  const targets = fc.uniqueArray(fc.integer({ min: 1, max: 1e12 }), { minLength: 1, maxLength: 3 });
  const seeds = fc.uniqueArray(fc.maxSafeNat(), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(ids, targets, seeds, (campaignId, targets, seeds) => {
      const plan = planCampaign({ ...everything, campaignId, targets, seeds });
      const found = plan.map(({ id }) => id);
      assert.equal(new Set(found).size, found.length);
      for (const id of found) assert.ok(isResourceId(id), id);
      for (const { needs } of plan) assert.ok(needs.every((id) => found.includes(id)));
      assert.deepEqual(planCampaign({ ...everything, campaignId, targets, seeds }), plan);
    }),
  );
});

test('campaign ids that differ only where they are cut off have jobs of their own', () => {
  const long = 'a'.repeat(60);
  const idsOf = (campaignId: string) => planCampaign({ ...everything, campaignId }).map(({ id }) => id);
  const [a, b] = [idsOf(`${long}xx`), idsOf(`${long}yy`)];
  assert.ok(a.every((id) => !b.includes(id)));
});

test('the label of a space names the seed only where there are several', () => {
  assert.equal(spaceLabel(8e6, 0, [0]), '8mf');
  assert.equal(spaceLabel(8e6, 1, [0, 1]), '8mf-s1');
});

const status = (state: JobState, rest: Partial<JobStatus> = {}) => Status.create({ state, ...rest });
const start = new Date('2025-01-01T00:00:00Z');
const usedFrom = (seconds: number, until?: number) => ({
  trainer: 't',
  engine: 'e',
  startTime: later(seconds),
  endTime: until === undefined ? undefined : later(until),
});
const later = (seconds: number) => new Date(start.getTime() + 1000 * seconds);

test('a phase adds up its jobs and estimates its end from the share that is done', () => {
  const plan = planCampaign({ ...everything, phases: ['warmup', 'search'] });
  const progress = { activity: '', completed: 50, total: 100, unit: '', rate: 0, etaSeconds: -1 };
  const views = new Map([
    ['demo-warmup-s0', { name: 'warmups/demo-warmup-s0', status: status(JobState.SUCCEEDED, { startTime: start }) }],
    [
      'demo-search-2mf-s0',
      {
        name: 'searches/demo-search-2mf-s0',
        status: status(JobState.RUNNING, { trainerUses: [usedFrom(100)], startTime: start, progress }),
      },
    ],
  ]);
  const [warmup, search] = phaseStatuses(['warmup', 'search'], plan, views, JobState.PENDING, later(130));
  assert.deepEqual(
    [warmup.state, warmup.completed, warmup.jobsSucceeded, warmup.etaSeconds],
    [JobState.SUCCEEDED, 1, 1, 0],
  );
  // One of two searches is half done after 30 seconds: three more quarters to go.
  assert.deepEqual(
    [search.state, search.completed, search.jobsSucceeded, search.etaSeconds],
    [JobState.RUNNING, 0.25, 0, 90],
  );
  assert.deepEqual(search.jobs, ['searches/demo-search-2mf-s0']);
});

test('the evaluation phase is the super network and the evaluations, and time in which no trainer works for it does not count', () => {
  const plan = planCampaign({ ...everything, targets: [2e6], phases: ['search', 'evaluation'] });
  const views = new Map([
    [
      'demo-super-network',
      {
        name: 'superNetworks/demo-super-network',
        status: status(JobState.SUCCEEDED, { trainerUses: [usedFrom(0, 40), usedFrom(50, 70)] }),
      },
    ],
    [
      'demo-evaluation-search-space',
      {
        name: 'evaluations/demo-evaluation-search-space',
        status: status(JobState.SUCCEEDED, { trainerUses: [usedFrom(60, 80)] }),
      },
    ],
  ]);
  const [, evaluation] = phaseStatuses(['search', 'evaluation'], plan, views, JobState.PENDING, later(500));
  assert.deepEqual(evaluation.jobs, ['superNetworks/demo-super-network', 'evaluations/demo-evaluation-search-space']);
  assert.equal(evaluation.state, JobState.RUNNING);
  // Two of three jobs took 70 seconds of work: 0 to 40 and 50 to 80.
  assert.ok(Math.abs(evaluation.etaSeconds - 35) < 1e-9);
});

test('a phase whose jobs all wait is pending, and one with a failed or skipped job fails when all have ended', () => {
  const plan = planCampaign({ ...everything, phases: ['search'] });
  const stateOf = (...states: (JobState | 'skipped' | undefined)[]) => {
    const views = new Map(
      plan.flatMap(({ id }, i) => {
        const state = states[i];
        if (state === undefined) return [];
        return [[id, state === 'skipped' ? { skipped: 'why' } : { name: id, status: status(state) }]] as const;
      }),
    );
    return phaseStatuses(['search'], plan, views, JobState.PENDING, start)[0].state;
  };
  assert.equal(stateOf(undefined, undefined), JobState.PENDING);
  assert.equal(stateOf(JobState.PENDING, undefined), JobState.PENDING);
  assert.equal(stateOf(JobState.SUCCEEDED, undefined), JobState.RUNNING);
  assert.equal(stateOf(JobState.FAILED, JobState.RUNNING), JobState.RUNNING);
  assert.equal(stateOf(JobState.FAILED, JobState.SUCCEEDED), JobState.FAILED);
  assert.equal(stateOf('skipped', JobState.SUCCEEDED), JobState.FAILED);
  assert.equal(stateOf(JobState.CANCELLED, JobState.SUCCEEDED), JobState.CANCELLED);
});

test('the share done is between 0 and 1 whatever a job reports', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, noNaN: true }), fc.double({ min: 0, noNaN: true }), (completed, total) => {
      const progress = { activity: '', completed, total, unit: '', rate: 0, etaSeconds: -1 };
      const share = shareDone({ name: 'x', status: status(JobState.RUNNING, { progress }) });
      assert.ok(share >= 0 && share <= 1);
    }),
  );
});
