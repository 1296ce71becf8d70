import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomOf } from '@nss/space';
import { drawBins } from '../src/draws.ts';
import { type BinValues, binsOf, probabilitiesOf, runSearch, selectEliteSpace, zerosOf } from '../src/index.ts';
import { scoreFunctionGradient } from '../src/score-function.ts';
import { analyticTrainer } from '../src/testing.ts';
import { near, toyInput, toyRun, toySpace } from './toy.ts';

const bins = [
  {
    depth: [
      { min: 1, max: 1 },
      { min: 2, max: 2 },
    ],
    width: [1, 2, 3].map((w) => ({ min: w, max: w })),
  },
];
const flat = (values: BinValues) => values.flatMap(({ depth, width }) => [...depth, ...width]);

test('over all pairs of draws the mean of the score function is the gradient of the expected loss', () => {
  const logits = [{ depth: [0.3, -0.2], width: [0.1, 0.7, -0.4] }];
  const losses = [
    [1, 4, 2],
    [3, 0.5, 7],
  ];
  const outcomes = [0, 1].flatMap((depth) => [0, 1, 2].map((width) => ({ depth, width, loss: losses[depth][width] })));
  const probability = (theta: BinValues, { depth, width }: { depth: number; width: number }) => {
    const [p] = probabilitiesOf(theta);
    return p.depth[depth] * p.width[width];
  };
  const expectedLoss = (theta: BinValues) =>
    outcomes.reduce((sum, outcome) => sum + probability(theta, outcome) * outcome.loss, 0);

  const mean = [0, 0, 0, 0, 0];
  for (const a of outcomes) {
    for (const b of outcomes) {
      const gradient = flat(scoreFunctionGradient(bins, [[a], [b]], [a.loss, b.loss]));
      const weight = probability(logits, a) * probability(logits, b);
      for (const [k, value] of gradient.entries()) mean[k] += weight * value;
    }
  }
  const at = (values: number[]) => [{ depth: values.slice(0, 2), width: values.slice(2) }];
  const start = flat(logits);
  const h = 1e-5;
  for (const [k, value] of mean.entries()) {
    const [up, down] = [h, -h].map((by) => expectedLoss(at(start.with(k, start[k] + by))));
    near(value, (up - down) / (2 * h), 1e-9);
  }
});

test('draws of one loss, and a single draw, say nothing', () => {
  const draws = [0, 1, 2].map((i) => drawBins(randomOf(i, 'test'), probabilitiesOf(zerosOf(binsOf(toySpace)))));
  for (const [some, losses] of [
    [draws, [2, 2, 2]],
    [draws.slice(0, 1), [5]],
  ] as const) {
    assert.ok(flat(scoreFunctionGradient(binsOf(toySpace), some, losses)).every((g) => g === 0));
  }
});

test('a search by the score function meets the target with networks that make fewer errors than the cost alone finds', async () => {
  const theta = {
    ...toyRun.settings.theta,
    estimator: 'score-function' as const,
    lambda: 0.3,
    finalLambda: 3,
    adam: { learningRate: 0.1, beta1: 0.5, beta2: 0.97, weightDecay: 0 },
  };
  const settings = { theta, weights: { ...toyRun.settings.weights, epochs: 60 } };
  const judge = analyticTrainer(toySpace);
  const elite = async (run: Partial<typeof toyRun>, trainer: typeof judge | null) => {
    const { logits } = await runSearch({ ...toyRun, settings, ...run, trainer });
    const { targetMultiplyAdds, seed } = { ...toyRun, ...run };
    const probabilities = probabilitiesOf(logits);
    const found = { space: toySpace, input: toyInput, probabilities, targetMultiplyAdds, seed };
    return selectEliteSpace(found, 5).elite;
  };
  const lossOf = async ({ space }: Awaited<ReturnType<typeof elite>>) => {
    const stages = space.stages.map(({ depth, width }) => ({ depth: depth.max, width: width.max }));
    return (await judge.evaluate([{ stages }], 0)).losses[0];
  };
  let [withTask, without] = [0, 0];
  for (const seed of [1, 2, 3]) {
    const searched = await elite({ seed, targetMultiplyAdds: 300_000 }, analyticTrainer(toySpace));
    assert.ok(Math.abs(searched.deviation) < 0.1, `deviation ${searched.deviation}`);
    withTask += await lossOf(searched);
    without += await lossOf(await elite({ seed, targetMultiplyAdds: 300_000 }, null));
  }
  assert.ok(withTask < without, `${withTask} with the task loss, ${without} without`);
});
