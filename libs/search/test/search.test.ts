import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BinValues,
  binsOf,
  probabilitiesOf,
  runSearch,
  type SearchState,
  selectEliteSpace,
  trainWeights,
  zerosOf,
} from '../src/index.ts';
import { type AnalyticCheckpoints, analyticTrainer } from '../src/testing.ts';
import { near, toyRun, toySpace } from './toy.ts';

const flat = (values: BinValues) => values.flatMap(({ depth, width }) => [...depth, ...width]);
const throughJson = (state: SearchState): SearchState => JSON.parse(JSON.stringify(state));

test('two searches with one seed end with one theta, bit for bit, and another seed with another', async () => {
  const search = (seed: number) => runSearch({ ...toyRun, seed, trainer: analyticTrainer(toySpace) });
  const first = await search(3);
  assert.deepEqual(await search(3), first);
  assert.notDeepEqual((await search(4)).logits, first.logits);
});

test('after the warmup every iteration takes a theta step and then a weight step on the other half', async () => {
  const trainer = analyticTrainer(toySpace);
  await runSearch({ ...toyRun, trainer });
  assert.deepEqual(trainer.log.slice(0, 5), [
    'weights weights 0 1 2 3 4 5',
    'theta 6',
    'weights weights 6',
    'theta 7',
    'weights weights 7',
  ]);
  assert.equal(trainer.log.at(-1), 'weights weights 19');
});

for (const estimator of ['gumbel-softmax', 'score-function'] as const) {
  test(`a search by ${estimator} resumed from any checkpoint, in the warmup or after it, ends as the uninterrupted one`, () =>
    endsTheSameWhenResumed({
      ...toyRun,
      settings: {
        // 40 iterations, 12 of them warmup: more than the trainer takes in one command.
        weights: { ...toyRun.settings.weights, epochs: 10 },
        theta: { ...toyRun.settings.theta, estimator },
      },
    }));
}

async function endsTheSameWhenResumed(run: typeof toyRun) {
  const checkpoints: AnalyticCheckpoints = new Map();
  const states: SearchState[] = [];
  const checkpointing = {
    due: () => true,
    idAt: (iteration: number) => `at-${iteration}`,
    stored: async (state: SearchState) => void states.push(throughJson(state)),
  };
  const whole = await runSearch({ ...run, trainer: analyticTrainer(toySpace, checkpoints), checkpointing });
  assert.deepEqual(
    states.map(({ iteration }) => iteration),
    [8, ...Array.from({ length: 29 }, (_, i) => 12 + i)],
  );
  const weightsAtEnd = states.at(-1)?.checkpoint?.digest;
  for (const resumeFrom of states) {
    const trainer = analyticTrainer(toySpace, checkpoints);
    assert.deepEqual(await runSearch({ ...run, trainer, resumeFrom }), whole);
    assert.equal(trainer.log[0], `load at-${resumeFrom.iteration}`);
    assert.equal((await trainer.save('again')).digest, weightsAtEnd);
  }
}

test('a search that starts from a shared warmup ends as one that does its own', async () => {
  const checkpoints: AnalyticCheckpoints = new Map();
  const warm = analyticTrainer(toySpace, checkpoints);
  const { settings, images, seed } = toyRun;
  await trainWeights({
    trainer: warm,
    space: toySpace,
    weights: settings.weights,
    split: 'weights',
    images,
    seed,
    until: 6,
  });
  const trainer = analyticTrainer(toySpace, checkpoints);
  const shared = await runSearch({ ...toyRun, trainer, warmup: await warm.save('warmups/w') });
  assert.equal(trainer.log[0], 'load warmups/w');
  assert.equal(trainer.log[1], 'theta 6');
  assert.deepEqual(shared, await runSearch({ ...toyRun, trainer: analyticTrainer(toySpace) }));
});

test('the gradient of the whole objective in theta equals finite differences', async () => {
  // One iteration from a given theta: Adam's first mean is (1 - beta1) times the gradient, the snapshot holds the loss.
  const settings = {
    weights: { ...toyRun.settings.weights, epochs: 1, warmupFraction: 0 },
    theta: {
      ...toyRun.settings.theta,
      initialTemperature: 1,
      adam: { ...toyRun.settings.theta.adam, weightDecay: 0 },
    },
  };
  const start = flat(zerosOf(binsOf(toySpace))).map((_, k) => Math.sin(k));
  const zeros = zerosOf(binsOf(toySpace));
  const after = (logits: number[]) =>
    runSearch({
      ...toyRun,
      images: 16,
      settings,
      trainer: analyticTrainer(toySpace),
      resumeFrom: {
        iteration: 0,
        logits: [
          { depth: logits.slice(0, 2), width: logits.slice(2, 6) },
          { depth: logits.slice(6, 8), width: logits.slice(8) },
        ],
        adam: { steps: 0, mean: zeros, square: zeros },
        trajectory: [],
        losses: { sum: 0, count: 0 },
      },
    });
  const gradient = flat((await after(start)).adam.mean).map((mean) => mean / (1 - settings.theta.adam.beta1));
  assert.ok(gradient.some((g) => Math.abs(g) > 0.01));
  const h = 1e-5;
  for (let k = 0; k < start.length; k++) {
    const lossAt = async (by: number) => (await after(start.with(k, start[k] + by))).trajectory[0].loss;
    near(gradient[k], ((await lossAt(h)) - (await lossAt(-h))) / (2 * h), 1e-6);
  }
});

test('with the cost alone theta meets the target, without a trainer', async () => {
  const settings = {
    weights: { ...toyRun.settings.weights, epochs: 100 },
    theta: { ...toyRun.settings.theta, adam: { ...toyRun.settings.theta.adam, learningRate: 0.05 } },
  };
  for (const targetMultiplyAdds of [100_000, 300_000]) {
    const run = { ...toyRun, settings, targetMultiplyAdds };
    const { logits, trajectory } = await runSearch({ ...run, trainer: null });
    near((trajectory.at(-1)?.meanMultiplyAdds ?? 0) / targetMultiplyAdds, 1, 0.1);
    const { elite } = selectEliteSpace({ ...run, probabilities: probabilitiesOf(logits) }, 5);
    near(elite.deviation, 0, 0.1);
  }
});

test('without a cost theta follows the task loss to large networks', async () => {
  const settings = {
    weights: { ...toyRun.settings.weights, epochs: 40 },
    theta: { ...toyRun.settings.theta, lambda: 0, finalLambda: 0 },
  };
  const { trajectory } = await runSearch({ ...toyRun, settings, trainer: analyticTrainer(toySpace) });
  const costs = trajectory.map(({ meanMultiplyAdds }) => meanMultiplyAdds);
  assert.ok((costs.at(-1) ?? 0) > 1.2 * costs[0], `${costs[0]} -> ${costs.at(-1)}`);
});

test('the trajectory spans the search in at most 200 even snapshots and its end', async () => {
  const settings = { ...toyRun.settings, weights: { ...toyRun.settings.weights, epochs: 200 } };
  const { trajectory } = await runSearch({ ...toyRun, settings, trainer: null });
  // 800 iterations, 240 of them warmup: a snapshot every ceil(560 / 200) = 3, and one at the end.
  assert.deepEqual(
    trajectory.map(({ iteration }) => iteration),
    [...Array.from({ length: 186 }, (_, i) => 240 + 3 * (i + 1)), 800],
  );
  assert.ok(trajectory.every(({ loss }) => Number.isFinite(loss)));
  near(trajectory.at(-1)?.temperature ?? 0, 0.001, 1e-12);
  assert.deepEqual((await runSearch({ ...toyRun, settings, trainer: null, snapshots: 0 })).trajectory, []);
});

test('an aborted search ends with the reason of its signal and draws nothing more', async () => {
  const trainer = analyticTrainer(toySpace);
  const stop = new AbortController();
  const reason = new Error('cancelled');
  const search = runSearch({
    ...toyRun,
    trainer,
    signal: stop.signal,
    onProgress: ({ iteration }) => {
      if (iteration === 10) stop.abort(reason);
    },
  });
  await assert.rejects(search, reason);
  assert.deepEqual(trainer.log.slice(-2), ['weights weights 9', 'theta 10']);
});

test('the trainer has the next theta step before it has answered the weight step', async () => {
  const trainer = analyticTrainer(toySpace);
  const asked = new Map<number, PromiseWithResolvers<void>>();
  const next = (iteration: number) => {
    if (!asked.has(iteration)) asked.set(iteration, Promise.withResolvers());
    return asked.get(iteration) as PromiseWithResolvers<void>;
  };
  const search = await runSearch({
    ...toyRun,
    trainer: {
      ...trainer,
      async weightSteps(split, steps) {
        const losses = await trainer.weightSteps(split, steps);
        const { iteration } = steps[steps.length - 1];
        const ofSearch = iteration >= 6 && iteration < 19;
        if (ofSearch) await next(iteration + 1).promise;
        return losses;
      },
      thetaStep(iteration, mixture) {
        next(iteration).resolve();
        return trainer.thetaStep(iteration, mixture);
      },
    },
  });
  assert.deepEqual(search, await runSearch({ ...toyRun, trainer: analyticTrainer(toySpace) }));
});

test('an error of the trainer ends the search', async () => {
  const trainer = { ...analyticTrainer(toySpace), thetaStep: () => Promise.reject(new Error('trainer lost')) };
  await assert.rejects(runSearch({ ...toyRun, trainer }), /trainer lost/);
});
