import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetOf } from '@nss/campaign';
import type { RunningJob } from '@nss/jobs';
import { createLogger } from '@nss/runtime';
import { iterationsOf } from '@nss/search';
import { type JobResource, searchFor, type TrainerTools, toWork } from '../src/index.ts';

const preset = presetOf('tiny');
const spec = {
  dataset: { name: 'cifar10', folder: undefined, ...preset.dataset },
  searchSpace: preset.searchSpace,
  seed: 0,
};
const work = toWork(spec, []);
assert.ok(work);

/** A job in memory, and tools that may not be used: there is no bus to ask for a trainer, and no store of weights. */
function fixture(checkpointEveryMs: number) {
  const progress: { completed: number; total: number }[] = [];
  const saved: unknown[] = [];
  const job = {
    name: 'searches/a',
    objects: 'searches/a',
    trainerSlot: async () => async () => {},
    logger: createLogger('test', { level: 'silent' }),
    signal: new AbortController().signal,
    progress: (report: { completed: number; total: number }) => progress.push(report),
    loadState: async () => structuredClone(saved.at(-1)),
    saveState: async (state: unknown) => void saved.push(structuredClone(state)),
  } as unknown as RunningJob<JobResource>;
  const bus = new Proxy({}, { get: (_, name) => assert.fail(`bus.${String(name)} was used`) }) as never;
  const tools: TrainerTools = {
    bus,
    // The end of a search looks for weights to drop.
    checkpoints: { list: async () => [] } as never,
    checkpointEveryMs,
  };
  return { job, tools, progress, saved };
}

const settings = { ...preset.search, theta: { ...preset.search.theta, taskLoss: false } };
const search = { work, space: work.space, settings, targetMultiplyAdds: 150_000 };

test('a search without task loss leases no trainer, skips the warmup and counts what it does', async () => {
  const { job, tools, progress } = fixture(3_600_000);
  const { total, warmup } = iterationsOf(settings.weights, work.images.half);
  const state = await searchFor(job, tools, search);
  assert.equal(state.iteration, total);
  assert.equal(state.checkpoint, undefined);
  assert.deepEqual(
    progress.map(({ completed, total }) => [completed, total]),
    Array.from({ length: total - warmup }, (_, i) => [i + 1, total - warmup]),
  );
});

for (const taskLoss of [false, true]) {
  const kind = taskLoss ? 'a search' : 'a search without task loss';
  test(`${kind} that is taken over after its end is not made again, and leaves no weights`, async () => {
    const { job, tools, saved } = fixture(3_600_000);
    const state = await searchFor(job, tools, search);
    // As it is stored when a state is due after the last iteration.
    const checkpoint = { checkpointId: 'searches/a/8-0a0a0a0a', digest: 'SHA-256=', bytes: 8 };
    saved.push(structuredClone(taskLoss ? { ...state, checkpoint } : state));
    const weights = new Set([checkpoint.checkpointId]);
    const checkpoints = {
      list: async () => [...weights].map((name) => ({ name })),
      delete: async (name: string) => weights.delete(name),
    } as never;
    const takenOver = { ...job, takenOver: true };
    const asked = { ...search, settings: taskLoss ? preset.search : settings };
    assert.deepEqual(await searchFor(takenOver, { ...tools, checkpoints }, asked), state);
    assert.deepEqual(saved.at(-1), state);
    assert.deepEqual([...weights], []);
  });
}

test('it gives way to what else the process does', async () => {
  const { job, tools } = fixture(3_600_000);
  const turns: string[] = [];
  const beating = setImmediate(() => turns.push('heartbeat'));
  await searchFor(job, tools, search);
  turns.push('search');
  clearImmediate(beating);
  assert.deepEqual(turns, ['heartbeat', 'search']);
});

test('it goes on from the state that was saved last, and ends as the uninterrupted one', async () => {
  const { job, tools, saved } = fixture(0);
  const state = await searchFor(job, tools, search);
  const resumed = fixture(3_600_000);
  resumed.saved.push(saved[1]);
  assert.deepEqual(await searchFor(resumed.job, resumed.tools, search), state);
  assert.equal(resumed.progress.length, saved.length - 1 - 2);
});

test('with task loss it asks for a trainer', async () => {
  const { job, tools } = fixture(3_600_000);
  const resource = () => ({ status: undefined });
  await assert.rejects(
    searchFor({ ...job, resource } as RunningJob<JobResource>, tools, { ...search, settings: preset.search }),
    /bus\.\w+ was used/,
  );
});
