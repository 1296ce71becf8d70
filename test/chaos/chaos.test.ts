import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from './chaos.ts';

test('a campaign whose mesh is killed at random ends by itself like one that nobody disturbed', async () => {
  const { undisturbed, rounds } = await chaos({
    kills: 5,
    seed: 3,
    size: 1,
    limitMs: Number.POSITIVE_INFINITY,
    realTrainers: false,
  });
  assert.equal(undisturbed.end, 'JOB_STATE_SUCCEEDED');
  assert.deepEqual(undisturbed.messages, []);
  for (const file of ['campaign.json', 'elite-spaces.json', 'table.csv']) {
    assert.ok(undisturbed.files.has(`campaigns/chaos/${file}`), file);
  }
  assert.ok([...undisturbed.files.keys()].some((name) => name.endsWith('trajectory.json')));
  const kills = rounds.flatMap((round) => round.kills);
  assert.equal(kills.length, 5);
  assert.deepEqual(
    rounds.flatMap((round) => round.differences),
    [],
    JSON.stringify(kills),
  );
});
