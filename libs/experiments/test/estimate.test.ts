import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobKinds } from '@nss/job-apis';
import { estimator, type JobNode, planJobs, summarize } from '../src/index.ts';
import {
  costOnlySearch,
  eliteEvaluation,
  nas,
  search,
  superNetwork,
  training,
  trainings,
  warmup,
} from '../src/jobs.ts';
import { testContext } from './synthetic.ts';

const context = testContext();

test('times come from what jobs of the same kind took, in proportion to their work', () => {
  const node = search(context, 2e6, 0);
  const secondsOf = estimator([
    { kind: 'search', work: node.work, trainerSeconds: 100 },
    { kind: 'search', work: 3 * node.work, trainerSeconds: 200 },
    { kind: 'warmup', work: 1, trainerSeconds: 1e9 },
  ]);
  assert.equal(secondsOf(node), 75);
  // Nothing of this kind is stored.
  assert.ok(secondsOf(nas(context, 2e6, 0, 'elite')) > 0);
});

test('work grows with what a job is made of', () => {
  const work = (node: JobNode) => node.work;
  assert.ok(work(search(context, 8e6, 0)) > work(search(context, 2e6, 0)));
  assert.equal(work(costOnlySearch(context, 8e6, 0)), 0);
  const more = testContext({ overrides: { evaluation: { architecturesPerSpace: 300 } } });
  assert.equal(work(eliteEvaluation(more, 2e6, 0)), 2 * work(eliteEvaluation(context, 2e6, 0)));
  const longer = testContext({
    overrides: { evaluation: { weights: { epochs: 50 } }, search: { weights: { epochs: 94 } } },
  });
  assert.equal(work(superNetwork(longer, 0)), 2 * work(superNetwork(context, 0)));
  assert.equal(work(warmup(longer, 0)), 2 * work(warmup(context, 0)));
  const [trained] = trainings(context, 2e6, 0, 'elite');
  // 6 epochs of 156 batches of 64 images, forward and backward.
  assert.equal(trained.work, 6 * 156 * 64 * 3 * 2e6);
  const architecture = { stages: [] };
  assert.equal(work(training(context, 'a', { architecture, seed: 0, multiplyAdds: 4e6 })), 2 * trained.work);
});

test('a plan is summed up by kind, and tells weights that may be there from those that are not', () => {
  const stored = new Set([search(context, 2e6, 0).key, warmup(context, 0).key]);
  const isStored = ({ key }: JobNode) => stored.has(key);
  const plan = planJobs([search(context, 2e6, 0), search(context, 8e6, 0), search(context, 2e6, 1)], isStored);
  const kinds = summarize(plan, () => 10, isStored, jobKinds);
  assert.deepEqual(kinds, [
    { kind: 'warmup', stored: 0, toRun: 2, perhapsInMesh: 1, trainerSeconds: 10, perhapsSeconds: 10 },
    { kind: 'search', stored: 1, toRun: 2, perhapsInMesh: 0, trainerSeconds: 20, perhapsSeconds: 0 },
  ]);
});
