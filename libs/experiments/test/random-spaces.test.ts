import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spaceCost } from '@nss/cost';
import { containsSpace, depthBins, formatSpace, wholeSpace, widthBins } from '@nss/space';
import { drawSpacesAt, shareOfSpacesAt } from '../src/random-spaces.ts';
import { testContext } from './synthetic.ts';

const context = testContext();

test('random spaces are made of bins and meet the target within 2%', () => {
  const { searchSpace } = context.settings;
  const drawn = [0, 1, 2].flatMap((seed) => drawSpacesAt(context, 8e6, seed, 5));
  assert.equal(drawn.length, 15);
  for (const { space, meanMultiplyAdds, deviation } of drawn) {
    assert.ok(containsSpace(wholeSpace(searchSpace), space));
    for (const [i, { depth, width }] of space.stages.entries()) {
      assert.ok(depthBins(searchSpace.stages[i]).some(({ min, max }) => min === depth.min && max === depth.max));
      assert.ok(widthBins(searchSpace.stages[i]).some(({ min, max }) => min === width.min && max === width.max));
    }
    assert.equal(meanMultiplyAdds, spaceCost(searchSpace, context.input, space));
    assert.ok(Math.abs(deviation) <= 0.02 && Math.abs(meanMultiplyAdds / 8e6 - 1 - deviation) < 1e-12);
  }
});

test('they differ from each other and follow from seed and target alone', () => {
  const texts = (seed: number, target: number) =>
    drawSpacesAt(context, target, seed, 4).map(({ space }) => formatSpace(space));
  assert.equal(new Set(texts(0, 8e6)).size, 4);
  assert.deepEqual(texts(0, 8e6), texts(0, 8e6));
  assert.notDeepEqual(texts(0, 8e6), texts(1, 8e6));
  assert.notDeepEqual(texts(0, 8e6), texts(0, 2e6));
});

test('where hardly any space meets the target the closest stand in, closest first', () => {
  const tiny = testContext({ preset: 'tiny', targets: [60_000], seeds: [0] });
  const deviations = drawSpacesAt(tiny, 60_000, 0, 3).map(({ deviation }) => Math.abs(deviation));
  assert.equal(deviations.length, 3);
  assert.ok(deviations[0] > 0.02);
  assert.deepEqual(
    deviations,
    deviations.toSorted((a, b) => a - b),
  );
});

test('the share of random spaces that keep a rule is that of all spaces of the cost', () => {
  assert.equal(
    shareOfSpacesAt(context, 8e6, () => true),
    1,
  );
  assert.equal(
    shareOfSpacesAt(context, 8e6, () => false),
    0,
  );
  // Every space of the search space, counted.
  const { searchSpace } = context.settings;
  const isDeepFirst = (depths: readonly { min: number }[]) =>
    depths[0].min <= depths[2].min && depths[2].min <= depths[1].min;
  let [near, kept] = [0, 0];
  const [first, second, third] = searchSpace.stages.map((stage) =>
    depthBins(stage).flatMap((depth) => widthBins(stage).map((width) => ({ depth, width }))),
  );
  for (const a of first) {
    for (const b of second) {
      for (const c of third) {
        const mean = spaceCost(searchSpace, context.input, { stages: [a, b, c] });
        if (Math.abs(mean / 8e6 - 1) > 0.05) continue;
        near++;
        if (isDeepFirst([a.depth, b.depth, c.depth])) kept++;
      }
    }
  }
  const share = shareOfSpacesAt(context, 8e6, ({ stages }) => isDeepFirst(stages.map(({ depth }) => depth)));
  assert.ok(Math.abs(share - kept / near) < 0.05, `${share}, expected ${kept / near}`);
});
