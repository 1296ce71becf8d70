import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetOf } from '@nss/campaign';
import { Checkpoint, type FieldViolation, JobState, JobStatus, Warmup, type WarmupSpec } from '@nss/contracts';
import { toSuperNetwork, weightsOf } from '../src/index.ts';

const { dataset, searchSpace, search } = presetOf('tiny');
const spec: WarmupSpec = {
  dataset: { name: 'cifar10', folder: undefined, ...dataset },
  searchSpace,
  weights: search.weights,
  seed: 3,
};
const checkpoint = Checkpoint.create({ checkpointId: 'warmups/w/4', digest: 'SHA-256=', bytes: 8 });
const warmup = Warmup.create({ name: 'warmups/w', spec, status: { state: JobState.SUCCEEDED }, checkpoint });

test('the weights of a job that has succeeded with the expected spec are handed over', () => {
  assert.deepEqual(weightsOf('WARMUP', warmup, structuredClone(spec)), checkpoint);
  assert.deepEqual(weightsOf('WARMUP', warmup, { seed: 3 }), checkpoint);
});

test('a job that has not succeeded has no weights to hand over', () => {
  const running = { ...warmup, status: JobStatus.create({ state: JobState.RUNNING }) };
  assert.throws(() => weightsOf('WARMUP', running, spec), {
    reason: 'WARMUP_NOT_DONE',
    message: /^warmups\/w has not succeeded \(JOB_STATE_RUNNING\)/,
  });
});

test('weights of another data set, search space, training or seed are refused, and the message says which differ', () => {
  const expected = { ...spec, searchSpace: { ...searchSpace, stemWidth: 8 }, seed: 4 };
  assert.throws(() => weightsOf('WARMUP', warmup, expected), {
    reason: 'WARMUP_DIFFERS',
    message: /another search_space, seed;/,
  });
});

test('a batch must fit into the images of the split', () => {
  const wide = { ...spec, weights: { ...search.weights, batchSize: dataset.trainImages } };
  const fields = (split: 'all' | 'weights') => {
    const violations: FieldViolation[] = [];
    toSuperNetwork(wide, split, violations);
    return violations.map(({ field }) => field);
  };
  assert.deepEqual(fields('all'), []);
  assert.deepEqual(fields('weights'), ['spec.weights.batch_size']);
});
