import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobState } from '@nss/contracts';
import { noHosts } from './hosts.ts';
import { cutOffATrainer } from './scenario.ts';

test('a search whose trainer is cut off from the network goes on with another one and finds the same; the host that comes back works again', {
  skip: noHosts,
}, async (t) => {
  const { undisturbed, disturbed, trainers, afterwards } = await cutOffATrainer((line) => t.diagnostic(line));
  assert.equal(undisturbed.state, JobState.SUCCEEDED);
  assert.equal(undisturbed.eliteSpaces.length, 1);
  assert.deepEqual(disturbed, undisturbed);
  assert.equal(new Set(trainers).size, 2);
  assert.equal(afterwards.state, JobState.SUCCEEDED);
  assert.deepEqual(new Set(afterwards.trainers), new Set([trainers[0]]));
});
