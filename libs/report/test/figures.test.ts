import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { steps } from '../src/figures/distribution-panels.ts';
import { cells, thin } from '../src/figures/theta-over-time.ts';

test('the corners of an EDF rise from the left edge to the right, and give the share below every value', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1 }), (values) => {
      const corners = steps(values, [-10, 10]);
      assert.equal(corners[0].value, -10);
      assert.equal(corners[corners.length - 1].value, 10);
      for (const { value, share } of corners) {
        assert.equal(share, values.filter((other) => other <= value).length / values.length);
      }
      corners.slice(1).forEach(({ value }, i) => {
        assert.ok(value >= corners[i].value);
      });
    }),
  );
});

test('no values make no curve', () => {
  assert.deepEqual(steps([], [0, 1]), []);
});

test('cells of a bin cover its iterations once, each with the probability to the percent', () => {
  const step = fc.record({
    gap: fc.integer({ min: 1, max: 9 }),
    probability: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 30 }), (drawn) => {
      let iteration = 0;
      const trajectory = drawn.map(({ gap, probability }) => {
        iteration += gap;
        return { iteration, probabilities: [probability, 1 - probability] };
      });
      const [first] = trajectory;
      const drawnCells = cells(trajectory, ['a', 'b']);
      trajectory.forEach(({ iteration: at, probabilities }) => {
        ['a', 'b'].forEach((bin, j) => {
          const here = drawnCells.filter((cell) => cell.bin === bin && cell.from <= at && at < cell.to);
          const expected = Math.round(probabilities[j] * 100) / 100;
          assert.deepEqual(
            here.map(({ probability }) => probability),
            expected === 0 ? [] : [expected],
          );
        });
      });
      assert.ok(drawnCells.every(({ from, to }) => from >= first.iteration && from < to));
    }),
  );
});

test('thinning keeps the first and the last, the order, and at most the number asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 2, max: 100 }), (length, count) => {
      const items = Array.from({ length }, (_, i) => i);
      const thinned = thin(items, count);
      assert.equal(thinned.length, Math.min(length, count));
      assert.equal(thinned[0], 0);
      assert.equal(thinned.at(-1), length - 1);
      assert.deepEqual(
        thinned,
        [...new Set(thinned)].sort((a, b) => a - b),
      );
    }),
  );
});
