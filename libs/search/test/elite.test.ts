import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureCost, spaceCost } from '@nss/cost';
import { containsArchitecture, containsSpace, wholeSpace } from '@nss/space';
import fc from 'fast-check';
import { binsOf, type Found, probabilitiesOf, selectArchitecture, selectEliteSpace, zerosOf } from '../src/index.ts';
import { near, toyInput, toySpace } from './toy.ts';

const found: Found = {
  space: toySpace,
  input: toyInput,
  probabilities: probabilitiesOf(zerosOf(binsOf(toySpace))),
  targetMultiplyAdds: 200_000,
  seed: 0,
};

test('the Elite Space is the draw closest to the target, and all draws are reported', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 8 }), (seed, n) => {
      const { elite, draws } = selectEliteSpace({ ...found, seed }, n);
      assert.equal(draws.length, n);
      assert.ok(draws.includes(elite));
      for (const draw of draws) {
        assert.ok(Math.abs(elite.deviation) <= Math.abs(draw.deviation));
        assert.ok(containsSpace(wholeSpace(toySpace), draw.space));
        assert.equal(draw.meanMultiplyAdds, spaceCost(toySpace, toyInput, draw.space));
      }
    }),
  );
});

test('of equally close draws the first is the Elite Space', () => {
  const decided = found.probabilities.map(() => ({ depth: [0, 1], width: [0, 1, 0, 0] }));
  const { elite, draws } = selectEliteSpace({ ...found, probabilities: decided }, 5);
  assert.equal(elite, draws[0]);
});

test('on an Elite Space the closest of a fixed number of draws is kept', () => {
  const kept = selectArchitecture(found, { draws: 5, tolerance: 0.1 });
  assert.equal(kept.draws, 5);
  assert.ok(containsArchitecture(wholeSpace(toySpace), kept.architecture));
  assert.equal(kept.multiplyAdds, architectureCost(toySpace, toyInput, kept.architecture));
  for (const draws of [1, 2, 3, 4]) {
    const fewer = selectArchitecture(found, { draws, tolerance: 0.1 });
    assert.ok(Math.abs(fewer.deviation) >= Math.abs(kept.deviation));
  }
});

test('on a search space drawing goes on until one is within the tolerance', () => {
  for (let seed = 0; seed < 20; seed++) {
    const kept = selectArchitecture({ ...found, seed }, { maxDraws: 10_000, tolerance: 0.1 });
    assert.ok(Math.abs(kept.deviation) <= 0.1);
    const before = kept.draws > 1 && selectArchitecture({ ...found, seed }, { draws: kept.draws - 1, tolerance: 0.1 });
    assert.ok(!before || Math.abs(before.deviation) > 0.1);
  }
});

test('when no draw is within the tolerance the closest of all is kept', () => {
  const kept = selectArchitecture({ ...found, targetMultiplyAdds: 1 }, { maxDraws: 50, tolerance: 0.1 });
  const same = selectArchitecture({ ...found, targetMultiplyAdds: 1 }, { draws: 50, tolerance: 0.1 });
  assert.deepEqual(kept, same);
  assert.equal(kept.draws, 50);
  assert.equal(kept.hitRate, 0);
});

test('the hit rate says how often theta meets the target', () => {
  const wide = selectArchitecture(found, { draws: 5, tolerance: 1e9 });
  assert.equal(wide.hitRate, 1);
  const few = selectArchitecture(found, { draws: 5, tolerance: 0.1 });
  const many = selectArchitecture(found, { draws: 20_000, tolerance: 0.1 });
  near(few.hitRate, many.hitRate, 4 * Math.sqrt(many.hitRate / 1000));
});

test('the cost of every draw that the hit rate was counted over is told, those that decided first', () => {
  const { drawnMultiplyAdds, draws, hitRate, multiplyAdds } = selectArchitecture(found, { draws: 5, tolerance: 0.1 });
  assert.equal(drawnMultiplyAdds.length, 1000);
  assert.ok(drawnMultiplyAdds.slice(0, draws).includes(multiplyAdds));
  const hits = drawnMultiplyAdds.filter((cost) => Math.abs(cost / found.targetMultiplyAdds - 1) <= 0.1);
  assert.equal(hits.length / 1000, hitRate);
});
