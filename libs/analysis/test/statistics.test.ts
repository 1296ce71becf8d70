import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawNormal, randomOf } from '@nss/space';
import fc from 'fast-check';
import { bootstrapMeanDifference, edf, kendallTau, mean, quantile, standardDeviation } from '../src/index.ts';

const values = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 40 });

function assertClose(found: number, expected: number, tolerance = 1e-12) {
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, expected ${expected}`);
}

test('mean and standard deviation of known values', () => {
  assert.equal(mean([2, 4, 4, 4, 5, 5, 7, 9]), 5);
  assertClose(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7));
  assert.equal(standardDeviation([3, 3, 3]), 0);
});

test('of too few values there is no mean, spread or quantile', () => {
  assert.equal(mean([]), Number.NaN);
  assert.equal(standardDeviation([1]), Number.NaN);
  assert.equal(quantile([], 0.5), Number.NaN);
});

test('a spread neither moves with the values nor depends on their order', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: -1000, max: 1000 }), (all, shift) => {
      fc.pre(all.length > 1);
      const moved = all.map((value) => value + shift).reverse();
      assertClose(standardDeviation(moved), standardDeviation(all), 1e-9);
    }),
  );
});

test('quantiles of known values, as NumPy gives them', () => {
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.equal(quantile([4, 1, 3, 2], 0.25), 1.75);
  assertClose(quantile([10, 20, 30], 0.95), 29);
});

test('quantiles run from the smallest to the largest value without falling', () => {
  const probability = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(values, probability, probability, (all, p, q) => {
      assert.equal(quantile(all, 0), Math.min(...all));
      assert.equal(quantile(all, 1), Math.max(...all));
      assert.ok(quantile(all, Math.min(p, q)) <= quantile(all, Math.max(p, q)) + 1e-12);
    }),
  );
});

test('the EDF counts the values up to every value', () => {
  fc.assert(
    fc.property(values, (all) => {
      const { x, share } = edf(all);
      assert.deepEqual(
        [...x],
        [...new Set(all)].sort((a, b) => a - b),
      );
      for (const [i, limit] of x.entries()) {
        assert.equal(share[i], all.filter((value) => value <= limit).length / all.length);
      }
    }),
  );
});

test('rank correlations of known lists', () => {
  assert.equal(kendallTau([1, 2, 3, 4], [10, 20, 30, 40]), 1);
  assert.equal(kendallTau([1, 2, 3, 4], [4, 3, 2, 1]), -1);
  // The worked example of scipy.stats.kendalltau.
  assertClose(kendallTau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]), -0.47140452079103173);
  assert.equal(kendallTau([1, 1, 1], [1, 2, 3]), Number.NaN);
  assert.throws(() => kendallTau([1], [1, 2]), /1 and 2 values/);
});

test('a rank correlation depends on the order of the values alone', () => {
  const pairs = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(pairs, (all) => {
      const a = all.map(([first]) => first);
      const b = all.map(([, second]) => second);
      const tau = kendallTau(a, b);
      assert.deepEqual(kendallTau(b, a), tau);
      assert.deepEqual(
        kendallTau(
          a.map((value) => value ** 3 + 7),
          b,
        ),
        tau,
      );
      assert.ok(Number.isNaN(tau) || Math.abs(tau) <= 1);
    }),
  );
});

test('the bootstrap interval of two normal samples is that of the normal distribution', () => {
  const random = randomOf(11);
  const sample = (centre: number) => Array.from({ length: 400 }, () => centre + drawNormal(random));
  const [a, b] = [sample(3), sample(2)];
  const { difference, low, high } = bootstrapMeanDifference(a, b, { random, resamples: 4000 });
  assertClose(difference, mean(a) - mean(b));
  const halfWidth = 1.96 * Math.sqrt(standardDeviation(a) ** 2 / 400 + standardDeviation(b) ** 2 / 400);
  assertClose(low, difference - halfWidth, 0.1 * halfWidth);
  assertClose(high, difference + halfWidth, 0.1 * halfWidth);
});

test('the bootstrap gives the same interval from the same stream, and a point where nothing varies', () => {
  const interval = (seed: number) =>
    bootstrapMeanDifference([1, 2, 5], [4, 4, 7], { random: randomOf(seed), resamples: 200 });
  assert.deepEqual(interval(1), interval(1));
  const constant = bootstrapMeanDifference([3, 3], [1, 1, 1], { random: randomOf(0), resamples: 50 });
  assert.deepEqual(constant, { difference: 2, low: 2, high: 2 });
});
