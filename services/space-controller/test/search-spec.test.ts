import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetOf } from '@nss/campaign';
import { SearchSpec, WarmupSpec } from '@nss/contracts';
import { searchViolations } from '../src/search.ts';
import { warmupViolations } from '../src/warmup.ts';

const { dataset, searchSpace, search } = presetOf('tiny');
const localSgd = { trainers: 2, stepsPerRound: 10, quorum: 2 };
const weights = { ...search.weights, localSgd };
const work = { dataset: { name: 'cifar10', folder: undefined, ...dataset }, searchSpace, seed: 0 };

test('several trainers may do the warmup of a search, not the search', () => {
  const fieldsOf = (spec: Partial<SearchSpec>) =>
    searchViolations(
      SearchSpec.create({ ...work, targetMultiplyAdds: 150_000, settings: { ...search, weights }, ...spec }),
    ).map(({ field }) => field);
  assert.deepEqual(warmupViolations(WarmupSpec.create({ ...work, weights })), []);
  assert.deepEqual(fieldsOf({ warmup: 'warmups/mine' }), []);
  assert.deepEqual(fieldsOf({}), ['spec.settings.weights.local_sgd']);
  // Without task loss there are no weights to train.
  assert.deepEqual(fieldsOf({ settings: { ...search, weights, theta: { ...search.theta, taskLoss: false } } }), []);
});
