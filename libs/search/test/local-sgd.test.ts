import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Clock,
  type LocalSgd,
  type TrainerPool,
  type TrainingState,
  trainByLocalSgd,
  trainWeights,
} from '../src/index.ts';
import { type AnalyticTrainer, analyticTrainer } from '../src/testing.ts';
import { toyRun, toySpace } from './toy.ts';

const run = {
  space: toySpace,
  weights: toyRun.settings.weights,
  split: 'all',
  images: 70,
  seed: 1,
  until: 20,
  signal: new AbortController().signal,
} as const;

/** Time stands still: a round that has its quorum waits for nothing. */
const clock: Clock = { nowMs: () => 0, wait: async () => {} };

/** So many analytic trainers that share a store; the last one that is free gets the next work. */
function pool(size: number, checkpoints = new Map()) {
  const trainers = Array.from({ length: size }, () => analyticTrainer(toySpace, checkpoints));
  const free = [...trainers];
  const waiting: ((trainer: AnalyticTrainer) => void)[] = [];
  const run: TrainerPool['run'] = async (work, signal) => {
    const trainer = free.pop() ?? (await new Promise<AnalyticTrainer>((resolve) => waiting.push(resolve)));
    try {
      signal.throwIfAborted();
      return await work(trainer);
    } finally {
      const next = waiting.shift();
      if (next) next(trainer);
      else free.push(trainer);
    }
  };
  return { trainers, checkpoints, pool: { run } satisfies TrainerPool };
}

function checkpointing() {
  const states: TrainingState[] = [];
  let names = 0;
  return {
    states,
    idAt: (iteration: number) => `${iteration}-${names++}`,
    stored: async (state: TrainingState) => void states.push(state),
  };
}

async function train(localSgd: LocalSgd, size: number) {
  const { pool: trainerPool, trainers, checkpoints } = pool(size);
  const stored = checkpointing();
  const end = await trainByLocalSgd({ ...run, pool: trainerPool, localSgd, clock, checkpointing: stored });
  return { end, digest: end.checkpoint.digest, trainers, checkpoints, states: stored.states };
}

const weightSteps = (trainers: readonly AnalyticTrainer[]) =>
  trainers.flatMap(({ log }) => log.filter((line) => line.startsWith('weights')));

test('with one shard it is plain training, bit for bit', async () => {
  const plain = analyticTrainer(toySpace);
  await trainWeights({ ...run, trainer: plain });
  const { digest, states } = await train({ trainers: 1, stepsPerRound: 6, quorum: 1 }, 1);
  assert.equal(digest, (await plain.save('plain')).digest);
  assert.deepEqual(
    states.map(({ iteration }) => iteration),
    [0, 6, 12, 18, 20],
  );
});

test('the shards of a round take its iterations in turns, each once; the last round has what is left', async () => {
  const { trainers, states } = await train({ trainers: 3, stepsPerRound: 3, quorum: 3 }, 1);
  assert.deepEqual(weightSteps(trainers), [
    'weights all 0 3 6',
    'weights all 1 4 7',
    'weights all 2 5 8',
    'weights all 9 12 15',
    'weights all 10 13 16',
    'weights all 11 14 17',
    'weights all 18',
    'weights all 19',
  ]);
  assert.equal(states.length, 4);
});

test('the result does not depend on how many trainers there are', async () => {
  const localSgd = { trainers: 4, stepsPerRound: 2, quorum: 4 };
  const digests = await Promise.all([1, 2, 3, 4, 5].map(async (size) => (await train(localSgd, size)).digest));
  assert.equal(new Set(digests).size, 1);
  assert.notEqual((await train({ ...localSgd, trainers: 2, quorum: 2 }, 4)).digest, digests[0]);
});

test('what a round began with, its shards and their samples make the next weights', async () => {
  const { states, checkpoints } = await train({ trainers: 3, stepsPerRound: 4, quorum: 3 }, 2);
  const [, base, end] = states;
  // Eight iterations are left: three, three and two.
  const shares = [12, 13, 14].map(async (first) => {
    const trainer = analyticTrainer(toySpace, checkpoints);
    await trainWeights({ ...run, trainer, resumeFrom: { iteration: first, checkpoint: base.checkpoint }, stride: 3 });
    return { checkpoint: await trainer.save(`alone-${first}`), samples: first === 14 ? 2 : 3 };
  });
  const mean = analyticTrainer(toySpace, checkpoints);
  await mean.average(await Promise.all(shares));
  assert.equal((await mean.save('mean')).digest, end.checkpoint.digest);
});

test('training goes on from the state of any round and ends as it would have', async () => {
  const localSgd = { trainers: 3, stepsPerRound: 3, quorum: 3 };
  const { states, digest, checkpoints } = await train(localSgd, 2);
  for (const resumeFrom of states) {
    const end = await trainByLocalSgd({
      ...run,
      pool: pool(1, checkpoints).pool,
      localSgd,
      clock,
      resumeFrom,
      checkpointing: checkpointing(),
    });
    assert.equal(end.checkpoint.digest, digest);
  }
});

test('a round that has its quorum waits for as long again, then goes on without what is late', async () => {
  const checkpoints = new Map();
  const late = Promise.withResolvers<void>();
  const waits: number[] = [];
  let nowMs = 0;
  let works = 0;
  const states = checkpointing();
  const progress: number[] = [];
  await trainByLocalSgd({
    ...run,
    until: 8,
    pool: {
      async run(work, signal) {
        // Of the works of the first round, after the fresh weights, the second one never gets a trainer.
        if (++works === 3) {
          signal.addEventListener('abort', () => late.resolve());
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        }
        nowMs += 40;
        return work(analyticTrainer(toySpace, checkpoints));
      },
    },
    localSgd: { trainers: 2, stepsPerRound: 2, quorum: 1 },
    clock: {
      nowMs: () => nowMs,
      async wait(ms, signal) {
        waits.push(ms);
        // The second round is over before.
        if (works > 4) await new Promise((over) => signal.addEventListener('abort', over));
      },
    },
    checkpointing: states,
    onProgress: ({ iteration }) => progress.push(iteration),
  });
  await late.promise;
  assert.equal(waits.length, 2);
  const alone = analyticTrainer(toySpace, checkpoints);
  const [fresh, first, second] = states.states;
  await trainWeights({ ...run, trainer: alone, resumeFrom: fresh, stride: 2, until: 4 });
  assert.equal((await alone.save('alone')).digest, first.checkpoint.digest);
  assert.deepEqual([first.iteration, second.iteration], [4, 8]);
  assert.deepEqual(progress, [2, 6, 8]);
});

test('what goes wrong in one shard ends the training with its error', async () => {
  const broken = { ...analyticTrainer(toySpace), weightSteps: async () => Promise.reject(new Error('no more power')) };
  await assert.rejects(
    trainByLocalSgd({
      ...run,
      pool: { run: (work) => work(broken) },
      localSgd: { trainers: 2, stepsPerRound: 2, quorum: 1 },
      clock,
      checkpointing: checkpointing(),
    }),
    /no more power/,
  );
});
