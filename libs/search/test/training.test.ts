import assert from 'node:assert/strict';
import { test } from 'node:test';
import { iterationsOf, type TrainingState, trainWeights } from '../src/index.ts';
import { type AnalyticCheckpoints, analyticTrainer } from '../src/testing.ts';
import { toyRun, toySpace } from './toy.ts';

const weights = toyRun.settings.weights;
const run = { space: toySpace, weights, split: 'all', images: 70, seed: 1 } as const;

test('every iteration is trained once and in order', async () => {
  const trainer = analyticTrainer(toySpace);
  const done: number[] = [];
  const losses: number[] = [];
  await trainWeights({
    ...run,
    trainer,
    onProgress: (progress) => {
      done.push(progress.iteration);
      losses.push(...progress.losses);
    },
  });
  assert.deepEqual(trainer.log, [
    'weights all 0 1 2 3 4 5 6 7',
    'weights all 8 9 10 11 12 13 14 15',
    'weights all 16 17 18 19',
  ]);
  assert.deepEqual(done, [8, 16, 20]);
  assert.equal(losses.length, iterationsOf(weights, 70).total);
});

test('a training resumed from any checkpoint ends with the weights of the uninterrupted one', async () => {
  const checkpoints: AnalyticCheckpoints = new Map();
  const states: TrainingState[] = [];
  const checkpointing = {
    due: () => true,
    idAt: (iteration: number) => `at-${iteration}`,
    stored: async (state: TrainingState) => void states.push(state),
  };
  await trainWeights({ ...run, trainer: analyticTrainer(toySpace, checkpoints), checkpointing });
  assert.deepEqual(
    states.map(({ iteration }) => iteration),
    [8, 16, 20],
  );
  for (const resumeFrom of states) {
    const trainer = analyticTrainer(toySpace, checkpoints);
    await trainWeights({ ...run, trainer, resumeFrom });
    assert.equal((await trainer.save('again')).digest, states[2].checkpoint.digest);
  }
});

test('an aborted training asks for nothing more', async () => {
  const trainer = analyticTrainer(toySpace);
  const stop = new AbortController();
  const reason = new Error('cancelled');
  await assert.rejects(
    trainWeights({ ...run, trainer, signal: stop.signal, onProgress: () => stop.abort(reason) }),
    reason,
  );
  assert.equal(trainer.log.length, 1);
});
