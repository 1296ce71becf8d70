import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Objects } from '@nss/bus';
import type { RunningJob } from '@nss/jobs';
import type { TrainingState } from '@nss/search';
import { jobCheckpoints } from '../src/checkpoints.ts';
import type { JobResource, TrainerTools } from '../src/session.ts';

/** A job and a checkpoint store as they are after each other's calls, in memory. */
function fixture(checkpointEveryMs: number) {
  const weights = new Set<string>();
  const calls: string[] = [];
  let saved: unknown;
  const job = {
    name: 'searches/a',
    async saveState(state: unknown) {
      calls.push('save state');
      saved = structuredClone(state);
    },
    loadState: async () => structuredClone(saved),
  } as unknown as RunningJob<JobResource>;
  const checkpoints = {
    async delete(name: string) {
      calls.push(`delete ${name}`);
      return weights.delete(name);
    },
    list: async (prefix = '') => [...weights].filter((name) => name.startsWith(prefix)).map((name) => ({ name })),
  } as unknown as Objects;
  const tools = { checkpoints, checkpointEveryMs } as TrainerTools;
  const open = () => jobCheckpoints<TrainingState>(job, tools);
  const stateAt = (iteration: number): TrainingState => {
    const checkpointId = `searches/a/${iteration}`;
    weights.add(checkpointId);
    return { iteration, checkpoint: { checkpointId, digest: 'SHA-256=', bytes: 8 } };
  };
  return { open, weights, calls, stateAt };
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
  const { open, weights, stateAt } = fixture(0);
  await open().checkpointing.stored(stateAt(8));
  const { load, checkpointing } = open();
  assert.deepEqual(await load(), stateAt(8));
  await checkpointing.stored(stateAt(24));
  assert.deepEqual([...weights], ['searches/a/24']);
});

test('the end of a job leaves no weights but those of its last state, also of workers that died', async () => {
  const { open, weights, stateAt } = fixture(0);
  for (const iteration of [8, 16, 24]) stateAt(iteration);
  weights.add('searches/another/8');
  const { load, finish } = open();
  await finish(stateAt(32));
  assert.deepEqual([...weights], ['searches/another/8', 'searches/a/32']);
  assert.equal((await load())?.iteration, 32);
});

test('a state is due once the time is over, not before', () => {
  assert.equal(fixture(0).open().checkpointing.due(1), true);
  assert.equal(fixture(3_600_000).open().checkpointing.due(1), false);
});
