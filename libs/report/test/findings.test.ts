import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsOf, nasOutcomesOf, whyMissing } from '../src/findings.ts';
import type { JobReport, ReportData } from '../src/index.ts';
import { syntheticReport } from './synthetic.ts';

const complete = syntheticReport({ targets: [8e6, 2e6], seeds: [0, 1], architectures: 2 });
const key = { targetMultiplyAdds: 2e6, seed: 0 };
const empty: ReportData = { ...complete, searches: [], evaluations: [], nasRuns: [], trainings: [], jobs: [] };
const job = (change: Partial<JobReport>): JobReport => ({
  kind: 'search',
  id: 'job',
  state: 'failed',
  trainerUses: [],
  ...change,
});

test('findings come smallest target first, one a target and seed, whether found or not', () => {
  const keys = [
    [2e6, 0],
    [2e6, 1],
    [8e6, 0],
    [8e6, 1],
  ];
  for (const data of [complete, empty]) {
    assert.deepEqual(
      findingsOf(data).map(({ targetMultiplyAdds, seed }) => [targetMultiplyAdds, seed]),
      keys,
    );
  }
  assert.ok(findingsOf(complete).every(({ search, comparison }) => search && comparison));
});

test('a result for a target that was not asked for is shown all the same', () => {
  const data = { ...complete, campaign: { ...complete.campaign, targetsMultiplyAdds: [8e6] } };
  assert.equal(findingsOf(data).length, 4);
});

test('repeats that are stored apart are counted together', () => {
  const [training] = complete.trainings;
  const trainings = training.testErrorsPercent.map((error) => ({ ...training, testErrorsPercent: [error] }));
  const outcome = nasOutcomesOf({ ...complete, trainings }).find(
    ({ targetMultiplyAdds, seed, source }) =>
      targetMultiplyAdds === training.targetMultiplyAdds && seed === training.seed && source === training.source,
  );
  assert.deepEqual(outcome?.testErrorsPercent, training.testErrorsPercent);
});

test('the reason for a missing result is the job that should have made it', () => {
  const reason = (change: Partial<JobReport>) =>
    whyMissing({ ...empty, jobs: [job({ ...key, ...change })] }, 'search', key);
  assert.equal(reason({ error: 'no images' }), 'the search failed: no images');
  assert.equal(reason({ state: 'cancelled' }), 'the search was cancelled');
  assert.equal(reason({ state: 'cancelled', error: 'out of budget' }), 'the search was cancelled: out of budget');
  assert.equal(reason({ state: 'running' }), 'the search had not ended when the report was made');
  assert.equal(reason({ seed: 1 }), 'the warmup was not started');
});

test('the reason for a missing result is what had to come before, also when a shared job went well', () => {
  const jobs = [
    job({ kind: 'warmup', state: 'succeeded' }),
    job({ ...key, error: 'no images' }),
    job({ kind: 'evaluation', state: 'succeeded' }),
  ];
  for (const kind of ['evaluation', 'nas', 'training'] as const) {
    assert.equal(whyMissing({ ...empty, jobs }, kind, key), 'the search failed: no images');
  }
});

test('the reason for a job that never started is what it waited for, not that it was left out', () => {
  const left = { state: 'cancelled', error: 'not started' } as const;
  const why = (cause: JobReport, data = empty) =>
    whyMissing({ ...data, jobs: [cause, job({ kind: 'evaluation', ...key, ...left })] }, 'evaluation', key);
  assert.equal(why(job({ ...key, error: 'no images' })), 'the search failed: no images');
  const superNetwork = job({ kind: 'superNetwork', error: 'out of memory' });
  assert.equal(why(superNetwork, complete), 'the training of the super network failed: out of memory');
  // What was never planned is not the reason.
  const overBudget = job({ ...key, state: 'cancelled', error: 'the budget is used up' });
  assert.equal(why(overBudget), 'the search was cancelled: the budget is used up');
});

test('the reason for a missing result is a shared job when all before it went well', () => {
  const jobs = [job({ kind: 'evaluation', error: 'out of memory' })];
  assert.equal(whyMissing({ ...complete, jobs }, 'evaluation', key), 'the evaluation failed: out of memory');
});

test('a phase that was not asked for is the reason', () => {
  const campaign = { ...empty.campaign, phases: ['warmup', 'search'] as const };
  assert.equal(whyMissing({ ...empty, campaign }, 'nas', key), 'the NAS phase was not asked for');
});
