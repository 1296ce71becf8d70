import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Objects } from '@nss/bus';
import type { RunningJob } from '@nss/jobs';
import { dataLoss, failedPrecondition } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import type { TrainingState } from '@nss/search';
import { forgetLostWeights, jobCheckpoints } from '../src/checkpoints.ts';
import type { JobResource, TrainerTools } from '../src/tools.ts';

/** A job and a checkpoint store as they are after each other's calls, in memory. */
function fixture(checkpointEveryMs: number, checkpointEverySteps?: number, takenOver = false) {
  const weights = new Set<string>();
  const calls: string[] = [];
  let saved: unknown;
  const shutdown = new AbortController();
  const job = {
    name: 'searches/a',
    objects: 'searches/a',
    takenOver,
    async saveState(state: unknown) {
      calls.push('save state');
      saved = structuredClone(state);
    },
    loadState: async () => structuredClone(saved),
    signal: shutdown.signal,
    logger: createLogger('test', { level: 'silent' }),
  } as unknown as RunningJob<JobResource>;
  const checkpoints = {
    async delete(name: string) {
      calls.push(`delete ${name}`);
      return weights.delete(name);
    },
    list: async (prefix = '') => [...weights].filter((name) => name.startsWith(prefix)).map((name) => ({ name })),
  } as unknown as Objects;
  const tools = { checkpoints, checkpointEveryMs, checkpointEverySteps } as TrainerTools;
  const open = () => jobCheckpoints<TrainingState>(job, tools);
  const stateAt = (iteration: number): TrainingState => {
    const checkpointId = `searches/a/${iteration}`;
    weights.add(checkpointId);
    return { iteration, checkpoint: { checkpointId, digest: 'SHA-256=', bytes: 8 } };
  };
  return { job, open, weights, calls, stateAt, shutdown };
}

test('older weights are dropped only after the state that replaces them is stored', async () => {
  const { open, weights, calls, stateAt } = fixture(0);
  const { checkpointing } = open();
  await checkpointing.stored(stateAt(8));
  await checkpointing.stored(stateAt(16));
  assert.deepEqual(calls, ['save state', 'save state', 'delete searches/a/8']);
  assert.deepEqual([...weights], ['searches/a/16']);
});

test('a worker that takes a job over finds its state, and drops the weights of it when it stores the next', async () => {
  const { open, weights, stateAt } = fixture(0, undefined, true);
  await open().checkpointing.stored(stateAt(8));
  const { load, checkpointing } = open();
  assert.deepEqual(await load(), stateAt(8));
  await checkpointing.stored(stateAt(24));
  assert.deepEqual([...weights], ['searches/a/24']);
});

test('the end of a job leaves no weights but those of its last state, also of workers that died', async () => {
  const { open, weights, stateAt } = fixture(0, undefined, true);
  for (const iteration of [8, 16, 24]) stateAt(iteration);
  weights.add('searches/another/8');
  const { load, finish } = open();
  await finish(stateAt(32));
  assert.deepEqual([...weights], ['searches/another/8', 'searches/a/32']);
  assert.equal((await load())?.iteration, 32);
});

test('weights that a lost trainer has stored, whose answer never came, go with the next state', async () => {
  const { open, weights, stateAt } = fixture(0);
  const { checkpointing } = open();
  weights.add(checkpointing.idAt(8));
  await checkpointing.stored(stateAt(8));
  assert.deepEqual([...weights], ['searches/a/8']);
});

test('a state is due once the time is over or enough iterations are done, not before', async () => {
  assert.equal(fixture(0).open().checkpointing.due(1), true);
  assert.equal(fixture(3_600_000).open().checkpointing.due(1), false);
  const { open, stateAt } = fixture(3_600_000, 10);
  const { checkpointing } = open();
  assert.deepEqual([9, 10].map(checkpointing.due), [false, true]);
  await checkpointing.stored(stateAt(10));
  assert.deepEqual([11, 19, 20].map(checkpointing.due), [false, false, true]);
});

test('no two checkpoints have one name, though they be of one iteration', () => {
  const { checkpointing } = fixture(0).open();
  const ids = [checkpointing.idAt(8), checkpointing.idAt(8), fixture(0).open().checkpointing.idAt(8)];
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^searches\/a\/8-[0-9a-f]{8}$/);
});

test('weights that a worker stored before it died, and that no state names, go with the next state', async () => {
  const { open, weights, stateAt } = fixture(0, undefined, true);
  await open().checkpointing.stored(stateAt(8));
  stateAt(16);
  const { load, checkpointing } = open();
  await load();
  await checkpointing.stored(stateAt(24));
  assert.deepEqual([...weights], ['searches/a/24']);
});

test('a process that shuts down stores the state at once and stops there', async () => {
  const { open, stateAt, shutdown } = fixture(3_600_000);
  const { load, checkpointing } = open();
  assert.equal(checkpointing.due(5), false);
  shutdown.abort(new Error('SIGTERM'));
  assert.equal(checkpointing.due(5), true);
  await assert.rejects(checkpointing.stored(stateAt(5)), /SIGTERM/);
  assert.equal((await load())?.iteration, 5);
});

test('a job whose weights are lost begins again; one that needs those of another job does not', async () => {
  const { job, open, stateAt } = fixture(0);
  const { load, checkpointing } = open();
  const damaged = dataLoss('searches/a/8 is damaged', { reason: 'OBJECT_DAMAGED' });
  assert.equal(await forgetLostWeights(job, damaged), false);
  await checkpointing.stored(stateAt(8));
  assert.equal(await forgetLostWeights(job, new Error('something else')), false);
  assert.equal((await load())?.iteration, 8);
  assert.equal(await forgetLostWeights(job, damaged), true);
  assert.equal(await load(), undefined);

  const checkpoint = { checkpointId: 'warmups/w/40', digest: 'SHA-256=', bytes: 8 };
  await checkpointing.stored({ iteration: 1, checkpoint });
  const missing = failedPrecondition('warmups/w/40 is not in the store', { reason: 'CHECKPOINT_MISSING' });
  assert.equal(await forgetLostWeights(job, missing), false);
});

test('weights that were damaged, but are there, go with the next state after the job has begun again', async () => {
  const { job, open, weights, stateAt } = fixture(0);
  const { load, checkpointing, finish } = open();
  await load();
  await checkpointing.stored(stateAt(8));
  await forgetLostWeights(job, dataLoss('searches/a/8 is damaged', { reason: 'OBJECT_DAMAGED' }));
  assert.equal(await load(), undefined);
  await finish(stateAt(32));
  assert.deepEqual([...weights], ['searches/a/32']);
});
