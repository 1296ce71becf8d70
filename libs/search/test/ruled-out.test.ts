import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spaceCost } from '@nss/cost';
import { spaceOfBins } from '@nss/space';
import { type BinValues, binsOf, probabilitiesOf, runSearch, selectEliteSpace } from '../src/index.ts';
import { ruledOutBins, withoutRuledOut } from '../src/ruled-out.ts';
import { analyticTrainer } from '../src/testing.ts';
import { near, toyInput, toyRun, toySpace } from './toy.ts';

const bins = binsOf(toySpace);

/** Every choice of one bin per variable: 2 depth bins and 4 width bins in each of two stages. */
const choices = [0, 1].flatMap((d1) =>
  [0, 1, 2, 3].flatMap((w1) =>
    [0, 1].flatMap((d2) =>
      [0, 1, 2, 3].map((w2) => [
        { depth: d1, width: w1 },
        { depth: d2, width: w2 },
      ]),
    ),
  ),
);
const costs = choices.map((choice) => spaceCost(toySpace, toyInput, spaceOfBins(toySpace, choice)));

test('a bin is ruled out if every space with it costs more than the target', () => {
  for (const target of [30_000, 100_000, 200_000, 1e9]) {
    const cheapest = (stage: number, variable: 'depth' | 'width', bin: number) =>
      Math.min(...costs.filter((_, k) => choices[k][stage][variable] === bin));
    const expected = bins.map(({ depth, width }, i) => ({
      depth: depth.map((_, k) => cheapest(i, 'depth', k) > target),
      width: width.map((_, k) => cheapest(i, 'width', k) > target),
    }));
    assert.deepEqual(ruledOutBins(toySpace, toyInput, bins, target), expected, `${target}`);
  }
});

test('a target below every space leaves the bins of the cheapest one', () => {
  for (const { depth, width } of ruledOutBins(toySpace, toyInput, bins, 1)) {
    assert.deepEqual(depth, [false, true]);
    assert.deepEqual(width, [false, true, true, true]);
  }
});

test('only a bin that is ruled out and more probable than all others of its variable is left out', () => {
  const logits: BinValues = [
    { depth: [0, 1], width: [0, 1, 2, 3] },
    { depth: [0, -1], width: [0, 1, 1.5, 1] },
  ];
  const ruledOut = bins.map(() => ({ depth: [false, true], width: [false, true, true, true] }));
  const left = probabilitiesOf(withoutRuledOut(logits, ruledOut));
  assert.deepEqual(left[0].depth, [1, 0]);
  assert.equal(left[0].width[3], 0);
  assert.ok(left[0].width[2] > 0.5, 'one at a time');
  assert.deepEqual(left[1], probabilitiesOf(logits)[1]);
  const none = bins.map(() => ({ depth: [false, false], width: [false, false, false, false] }));
  assert.deepEqual(withoutRuledOut(logits, none), logits);
});

test('a bin that is left out stays left out, though weight decay moves its logit', () => {
  const ruledOut = bins.map(() => ({ depth: [false, true], width: [false, true, true, true] }));
  let logits: BinValues = bins.map(() => ({ depth: [0, 1], width: [0, 0, 0, 0] }));
  for (let step = 0; step < 2_000; step++) {
    const decayed = logits.map(({ depth, width }) => ({ depth: [depth[0], depth[1] + 1], width }));
    logits = withoutRuledOut(decayed, ruledOut);
  }
  assert.deepEqual(probabilitiesOf(logits)[0].depth, [1, 0]);
});

for (const estimator of ['gumbel-softmax', 'score-function'] as const) {
  test(`a search by ${estimator} whose cost counts too late meets a target at the edge of the search space`, async () => {
    const targetMultiplyAdds = 1.2 * Math.min(...costs);
    const run = {
      ...toyRun,
      targetMultiplyAdds,
      settings: {
        weights: { ...toyRun.settings.weights, epochs: 150 },
        theta: {
          ...toyRun.settings.theta,
          estimator,
          adam: { ...toyRun.settings.theta.adam, weightDecay: 0 },
          lambda: 1e-4,
          finalLambda: 30,
        },
      },
    };
    const { logits } = await runSearch({ ...run, trainer: analyticTrainer(toySpace) });
    const { elite } = selectEliteSpace({ ...run, probabilities: probabilitiesOf(logits) }, 5);
    near(elite.deviation, 0, 0.1);
  });
}
