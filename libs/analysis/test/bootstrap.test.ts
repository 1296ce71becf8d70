import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawNormal, randomOf } from '@nss/space';
import {
  bootstrapKendallTau,
  bootstrapPairedDifference,
  bootstrapStatistic,
  type Groups,
  meanOfGroups,
  type Pair,
  wilsonInterval,
} from '../src/index.ts';

function assertClose(found: number, expected: number, tolerance: number) {
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, expected ${expected} +- ${tolerance}`);
}

const normals = (seed: number, count: number, centre: number) => {
  const random = randomOf(seed);
  return Array.from({ length: count }, () => centre + drawNormal(random));
};

test('a group counts once in the mean, however many values it has', () => {
  assert.equal(meanOfGroups([1, 2, 6]), 3);
  const nested: Groups = [[10, 20, 30], [4]];
  assert.equal(meanOfGroups(nested), 12);
  assert.equal(meanOfGroups([]), Number.NaN);
});

test('with one unit the paired interval is that of two independent samples', () => {
  const pair: Pair = { a: normals(1, 300, 5), b: normals(2, 300, 4) };
  const { estimate, low, high } = bootstrapPairedDifference([[pair]], { random: randomOf(3), resamples: 4000 });
  const half = 1.96 * Math.sqrt(2 / 300);
  assertClose(estimate, meanOfGroups(pair.a) - meanOfGroups(pair.b), 1e-12);
  assertClose(low, estimate - half, 0.15 * half);
  assertClose(high, estimate + half, 0.15 * half);
});

test('units that differ widen the interval as far as their own spread, which more values do not shrink', () => {
  const effects = normals(7, 30, 1).map((effect) => [{ a: Array(1000).fill(effect), b: Array(1000).fill(0) }]);
  const { estimate, low, high } = bootstrapPairedDifference(effects, { random: randomOf(4), resamples: 4000 });
  const half = (1.96 * 1) / Math.sqrt(30);
  assertClose(estimate, 1, 0.5);
  assertClose(high - low, 2 * half, 0.5 * half);
});

test('what both samples of a pair share does not count', () => {
  const units = [0, 50, 100].map((shared) => [
    { a: [shared + 3], b: [shared + 1] },
    { a: [shared + 1002], b: [shared + 1000] },
  ]);
  assert.deepEqual(bootstrapPairedDifference(units, { random: randomOf(0), resamples: 100 }), {
    estimate: 2,
    low: 2,
    high: 2,
  });
});

test('a unit without pairs is left out, and of nothing there is no difference', () => {
  const { estimate } = bootstrapPairedDifference([[{ a: [5], b: [4] }], []], { random: randomOf(0), resamples: 10 });
  assert.equal(estimate, 1);
  const nothing = bootstrapPairedDifference([[], []], { random: randomOf(0), resamples: 10 });
  assert.deepEqual(nothing, { estimate: Number.NaN, low: Number.NaN, high: Number.NaN });
});

test('the interval of a median is that of its order statistics', () => {
  const values = normals(5, 201, 0).sort((a, b) => a - b);
  const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
  const { estimate, low, high } = bootstrapStatistic(values, median, { random: randomOf(6), resamples: 1000 });
  assert.equal(estimate, values[100]);
  // Ranks 100 -+ 1.96 sqrt(201) / 2.
  assertClose(low, values[86], 0.12);
  assertClose(high, values[114], 0.12);
});

test('tau of lists in the same order is 1 whatever items are drawn again', () => {
  const tau = bootstrapKendallTau([{ a: [1, 2, 3, 4, 5], b: [2, 3, 5, 7, 11] }], {
    random: randomOf(1),
    resamples: 200,
  });
  assert.deepEqual(tau, { estimate: 1, low: 1, high: 1 });
});

test('the interval of tau of independent lists is as wide as its known variance says', () => {
  const n = 60;
  const { low, high } = bootstrapKendallTau([{ a: normals(8, n, 0), b: normals(9, n, 0) }], {
    random: randomOf(2),
    resamples: 2000,
  });
  // Kendall (1938): the variance is 2 (2 n + 5) / (9 n (n - 1)).
  const half = 1.96 * Math.sqrt((2 * (2 * n + 5)) / (9 * n * (n - 1)));
  assertClose(high - low, 2 * half, 0.5 * half);
});

test('several measurings of the same items give the mean of their taus', () => {
  const { estimate } = bootstrapKendallTau(
    [
      { a: [1, 2, 3, 4], b: [1, 2, 3, 4] },
      { a: [1, 2, 3, 4], b: [4, 3, 2, 1] },
    ],
    { random: randomOf(1), resamples: 50 },
  );
  assert.equal(estimate, 0);
  assert.throws(
    () => bootstrapKendallTau([{ a: [1, 2], b: [1] }], { random: randomOf(1) }),
    /the 2 values of the first/,
  );
});

test('intervals of shares are those of Wilson', () => {
  // scipy.stats.binomtest(count, trials).proportion_ci(method='wilson') of SciPy 1.17.1.
  for (const [count, trials, low, high] of [
    [8, 10, 0.4901624715366418, 0.9433178485456248],
    [0, 12, 0, 0.24249400665524085],
    [12, 12, 0.7575059933447592, 1],
    [3, 40, 0.025836025774588198, 0.19864233524310543],
  ]) {
    const found = wilsonInterval(count, trials);
    assertClose(found.low, low, 1e-12);
    assertClose(found.high, high, 1e-12);
  }
  assert.deepEqual(wilsonInterval(0, 0), { low: 0, high: 1 });
});
